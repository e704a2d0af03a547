/** What is learnt and kept: hosts that offered TLS, policies, counts; over restarts and faults. */
import { expect, it, onTestFinished } from 'vitest';
import { createDisk, replaceFile } from '@posthouse/durable-fs';
import { createFaultyFileSystem, createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { FileSystem } from '@posthouse/durable-fs';
import { createEventLog, createManualClock, domain } from '@posthouse/testkit';
import type { EventLog, ManualClock } from '@posthouse/testkit';
import { createTransportSecurity, readTally } from '../src/index.ts';
import type { TransportSecurity } from '../src/index.ts';
import { KnownTls } from '../src/known-tls.ts';

const DAY_MS = 24 * 3_600_000;
const DIRECTORY = '/state/transport-security';
const DESTINATION = {
  domain: domain('example.test'),
  host: 'mx.example.test',
  port: 25,
  hostIsSigned: false,
};
const OVER_TLS = {
  host: { name: 'mx.example.test' },
  tls: { version: 'TLSv1.3', cipher: 'X', verified: false },
};
const STRIPPED = {
  host: { name: 'mx.example.test' },
  fault: { kind: 'starttls-not-supported', reason: 'no' },
};
const POLICY = 'version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 864000\n';

interface Life {
  readonly security: TransportSecurity;
  readonly log: EventLog;
  readonly clock: ManualClock;
}

async function begin(
  fileSystem: FileSystem,
  clock = createManualClock(),
  policy = POLICY,
): Promise<Life> {
  const log = createEventLog();
  const none = async (name: string) => ({ kind: 'empty', name, secure: false }) as const;
  const security = createTransportSecurity(
    { insistsOnKnownTls: true },
    {
      resolver: {
        addresses: none,
        alias: none,
        tlsa: none,
        txt: async (name) => ({
          kind: 'records',
          name,
          secure: false,
          records: policy === '' ? [] : ['v=STSv1; id=1'],
          unusable: [],
        }),
      },
      fetchPolicy: async () => policy,
      clock,
      logger: log.logger,
      state: { disk: createDisk(fileSystem), directory: DIRECTORY },
    },
  );
  await security.start();
  onTestFinished(() => security.stop());
  return { security, log, clock };
}

async function kindOf({ security }: Life): Promise<string> {
  const { decision } = await security.decide(DESTINATION, 'ordinary');
  return decision.kind === 'speak' ? decision.policy.kind : decision.obstacle;
}

it('a host that offered TLS is remembered over a restart', async () => {
  const files = createVolatileFileSystem();
  const life = await begin(files, createManualClock(), '');
  expect(await kindOf(life)).toBe('opportunistic');
  life.security.note(await life.security.decide(DESTINATION, 'ordinary'), OVER_TLS);
  await life.security.stop();
  files.cutPower('lost');
  const later = await begin(files, life.clock, '');
  expect(await kindOf(later)).toBe('encrypt');
  later.security.note(await later.security.decide(DESTINATION, 'ordinary'), STRIPPED);
  expect(later.log.events).toMatchObject([{ event: 'tls-withdrawn', host: 'mx.example.test' }]);
});

it('so are a policy and what is counted, and a minute of them is all that a crash takes', async () => {
  const files = createVolatileFileSystem();
  const life = await begin(files);
  const decided = await life.security.decide(DESTINATION, 'ordinary');
  life.security.note(decided, OVER_TLS);
  life.security.note(decided, STRIPPED);
  await life.clock.advance(60_000);
  await life.security.stop(); // waits for what is being written; changes nothing more
  files.cutPower('lost');
  const later = await begin(files, life.clock, '');
  expect(await kindOf(later)).toBe('mta-sts');
  const tally = [{ domain: 'example.test', policies: [{ successes: 1, failures: 1 }] }];
  expect(later.security.tally()).toMatchObject(tally);
  const state = { disk: createDisk(files), directory: DIRECTORY };
  expect(await readTally(state, later.log.logger)).toMatchObject(tally);
});

it('a disk that fails is told of, and mail goes on', async () => {
  const files = createFaultyFileSystem(createVolatileFileSystem());
  const life = await begin(files);
  files.inject({ operation: 'sync', fault: { kind: 'fail', code: 'EIO' } });
  expect(await kindOf(life)).toBe('mta-sts');
  await life.clock.advance(60_000);
  await life.log.next('tls-state-unwritten');
  expect(await kindOf(life)).toBe('mta-sts');
});

it('a file that makes no sense is told of, and begun anew', async () => {
  const files = createVolatileFileSystem();
  const first = await begin(files);
  expect(await kindOf(first)).toBe('mta-sts');
  await first.security.stop();
  const disk = createDisk(files);
  await replaceFile(disk, `${DIRECTORY}/mta-sts.json`, Buffer.from('{"example.test":'));
  const later = await begin(files, first.clock);
  expect(later.log.events).toMatchObject([{ event: 'tls-state-unread' }]);
  expect(await kindOf(later)).toBe('mta-sts');
});

it('the memory of hosts is bounded, and ends after some weeks', () => {
  const known = new KnownTls(2);
  known.note('a.test', 0);
  known.note('b.test', DAY_MS);
  known.note('A.test.', 2 * DAY_MS);
  known.note('c.test', 2 * DAY_MS);
  expect(known.offeredAt('b.test', 2 * DAY_MS)).toBeUndefined();
  expect(known.offeredAt('a.test', 2 * DAY_MS)).toBe(2 * DAY_MS);
  expect(known.offeredAt('a.test', 63 * DAY_MS)).toBeUndefined();
});
