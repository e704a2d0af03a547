import { createNetworks, NULL_PATH, refuse, silentLogger } from '@posthouse/mail';
import type { LogFields } from '@posthouse/mail';
import type { Expansion } from '@posthouse/directory';
import { createManualClock, mailbox, testContext } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { admitRecipient } from '../src/admission.ts';
import type { Admission } from '../src/admission.ts';
import type { NextHosts } from '../src/next-hosts.ts';
import { createWayOut } from '../src/way-out.ts';
import type { WayOut } from '../src/way-out.ts';

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

describe('a recipient of another domain', () => {
  const outside = (wayOut: WayOut): Promise<Admission> =>
    admitRecipient(mailbox('bob@elsewhere.test'), NULL_PATH, testContext({ protocol: 'local' }), {
      directory: { isOwnDomain: () => false, expand: () => ({ finals: [], lost: [] }) },
      routing: {
        isOwnDomain: () => false,
        routes: new Map(),
        accountRoutes: new Map(),
        senderRoutes: new Map(),
        outbound: { kind: 'mx' },
      },
      relayNetworks: createNetworks([]),
      logger: silentLogger,
      wayOut,
    });

  function wayTo(find: NextHosts['find']) {
    const clock = createManualClock();
    return { clock, wayOut: createWayOut({ nextHosts: { find }, clock }) };
  }

  it.each(['no-such-domain', 'null-mx', 'route-to-self'] as const)(
    'is refused where the DNS proves that there is no way: %s',
    async (code) => {
      const { wayOut } = wayTo(() => Promise.reject(refuse(code)));
      await expect(outside(wayOut)).rejects.toMatchObject({ code, permanent: true });
    },
  );

  it('is taken where there is one, and where the DNS is in trouble', async () => {
    await expect(outside(wayTo(() => Promise.resolve([])).wayOut)).resolves.toBeDefined();
    const trouble = wayTo(() => Promise.reject(refuse('routing-unavailable')));
    await expect(outside(trouble.wayOut)).resolves.toBeDefined();
  });

  it('is taken where the DNS is slow', async () => {
    const { clock, wayOut } = wayTo(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(refuse('routing-unavailable')));
        }),
    );
    const admitted = outside(wayOut);
    await clock.advance(2_000);
    await expect(admitted).resolves.toBeDefined();
  });
});

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
