import { createNetworks, NULL_PATH, silentLogger } from '@posthouse/mail';
import type { LogFields } from '@posthouse/mail';
import type { Expansion } from '@posthouse/directory';
import { mailbox, testContext } from '@posthouse/testkit';
import { expect, it } from 'vitest';
import { admitRecipient } from '../src/admission.ts';
import type { Admission } from '../src/admission.ts';

const alice = mailbox('alice@own.test');
const team = mailbox('team@own.test');

function admit(expansion: Expansion, warnings: LogFields[] = []): Promise<Admission> {
  return admitRecipient(team, NULL_PATH, testContext({ peer: { address: '198.51.100.9' } }), {
    directory: { isOwnDomain: (domain) => domain === 'own.test', expand: () => expansion },
    routing: {
      isOwnDomain: (domain) => domain === 'own.test',
      routes: new Map(),
      accountRoutes: new Map(),
      senderRoutes: new Map(),
      outbound: { kind: 'off' },
    },
    relayNetworks: createNetworks([]),
    logger: { ...silentLogger, warn: (fields) => void warnings.push(fields) },
  });
}

it.each([
  ['too-many', /452 4\.5\.3/],
  ['too-deep', /554 5\.4\.6/],
] as const)('says no 250 for a group that was cut short: %s', async (reason, refusal) => {
  const lost = [{ address: mailbox('bob@own.test'), reason }];
  await expect(admit({ finals: [alice], lost })).rejects.toThrow(refusal);
});

it('tells nobody who asks where an alias leads', async () => {
  const finals = [mailbox('private@elsewhere.test')];
  await expect(admit({ finals, lost: [] })).rejects.toThrow(/^550 5\.7\.1 .*\(team@own\.test\)/);
  await expect(admit({ finals, lost: [] })).rejects.toMatchObject({
    fields: { leadsTo: 'private@elsewhere.test' },
  });
});

it('lets an alias in whose targets are not all there, and tells us which are not', async () => {
  const warnings: LogFields[] = [];
  const lost = [{ address: mailbox('typo@own.test'), reason: 'unknown' }] as const;
  await expect(admit({ finals: [alice], lost }, warnings)).resolves.toMatchObject({
    finals: [alice],
  });
  expect(warnings).toMatchObject([
    { event: 'alias-target-lost', alias: 'team@own.test', targets: ['typo@own.test: unknown'] },
  ]);
});
