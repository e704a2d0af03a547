import { beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createDisk } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { createFaultyFileSystem, createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { FaultyFileSystem, VolatileFileSystem } from '@posthouse/durable-fs/testing';
import { parseDeliveryId, silentLogger } from '@posthouse/mail';
import type { DeliveryId, Logger } from '@posthouse/mail';
import type { ManualClock } from '@posthouse/testkit';
import { currentBoot, isSameBoot } from '../src/ledger/boot.ts';
import { deliveryKey } from '../src/ledger/delivery-key.ts';
import { createFingerprints } from '../src/ledger/fingerprints.ts';
import { createKnowledge } from '../src/ledger/knowledge.ts';
import { LedgerReader } from '../src/ledger/ledger-reader.ts';
import { createLedger } from '../src/ledger/ledger.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { formatRecord, parseHeader, parseRecord } from '../src/ledger/records.ts';
import { ledgerFileName, overdueFiles } from '../src/ledger/retention.ts';
import { ALICE, BOB, earlyClock, recordingLogger } from './harness.ts';

const HOUR_MS = 3_600_000;
const KEYS = Array.from({ length: 100 }, (_, index) =>
  index.toString(16).padStart(2, '0').repeat(16),
);
const [KEY = '', OTHER = ''] = KEYS.slice(20);
const ATTEMPT = 'Q1R0123456789abcdef';

let base: VolatileFileSystem;
let faulty: FaultyFileSystem;
let clock: ManualClock;
beforeEach(async () => {
  base = createVolatileFileSystem();
  faulty = createFaultyFileSystem(base);
  clock = earlyClock();
  await createDisk(base).directories.ensure('/ledger');
});

interface Opening {
  readonly boot?: string;
  readonly logger?: Logger;
}

async function open({ boot = 'one', logger = silentLogger }: Opening = {}): Promise<Ledger> {
  const ledger = createLedger('/ledger', { disk: createDisk(faulty), clock, logger, boot });
  await ledger.start();
  return ledger;
}

/** A publication that is noted as the disk does it, and is under way then. */
async function intend(ledger: Ledger, key: string, attempt: string): Promise<void> {
  const { note, settle } = await ledger.intend(key, attempt);
  try {
    await faulty.write(note.file, Buffer.from(note.line));
    settle({ kind: 'placed' });
  } catch (error) {
    settle({ kind: 'unplaced', error, path: '/mail/tmp/1', isNoted: false });
    throw error;
  }
}

/** A disk that counts how many lists of a directory are under way, at the most. */
function countingLists(): { readonly disk: Disk; readonly most: () => number } {
  let running = 0;
  let most = 0;
  const disk = createDisk(base);
  const list: Disk['directories']['list'] = async function* list(...asked) {
    running += 1;
    most = Math.max(most, running);
    yield* disk.directories.list(...asked);
    running -= 1;
  };
  return { disk: { ...disk, directories: { ...disk.directories, list } }, most: () => most };
}

function ledgerFiles(): readonly string[] {
  return [...base.files().keys()].toSorted();
}

describe('a ledger', () => {
  test('knows what was delivered, what is unsettled, and nothing else', async () => {
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    expect(await ledger.find(KEY)).toEqual({
      kind: 'unsettled',
      attempts: [{ attempt: ATTEMPT, isTelling: true }],
    });
    ledger.conclude(KEY);
    expect(await ledger.find(KEY)).toEqual({ kind: 'delivered' });
    expect(await ledger.find(OTHER)).toEqual({ kind: 'unknown' });
    await intend(ledger, OTHER, ATTEMPT);
    await ledger.withdraw(OTHER, ATTEMPT);
    expect(await ledger.find(OTHER)).toEqual({ kind: 'unsettled', attempts: [] });
    await ledger.stop();
  });

  test('tells the next process the same, and one that runs beside it', async () => {
    const beside = await open();
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    ledger.conclude(KEY);
    await intend(ledger, OTHER, ATTEMPT);
    await ledger.stop();
    for (const reader of [beside, await open()]) {
      expect(await reader.find(KEY)).toEqual({ kind: 'delivered' });
      expect(await reader.find(OTHER)).toMatchObject({
        kind: 'unsettled',
        attempts: [{ isTelling: true }],
      });
      await reader.stop();
    }
  });

  test('trusts the silence of another run of the system, or of long ago, no more', async () => {
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    await ledger.stop();
    const afterBoot = await open({ boot: 'two' });
    expect(await afterBoot.find(KEY)).toMatchObject({ attempts: [{ isTelling: false }] });
    await afterBoot.stop();
    await clock.advance(35 * HOUR_MS);
    const later = await open();
    expect(await later.find(KEY)).toMatchObject({ attempts: [{ isTelling: false }] });
    await later.stop();
  });

  test('takes silence about an attempt that was never noted for nothing', async () => {
    const ledger = await open();
    const error = new Error('gone');
    for (const placement of [
      { kind: 'unwritten', error },
      { kind: 'unknown', error },
    ] as const) {
      const { settle } = await ledger.intend(KEY, ATTEMPT);
      settle(placement);
      expect(await ledger.find(KEY)).toEqual({ kind: 'unknown' });
    }
    await intend(ledger, OTHER, ATTEMPT);
    expect(ledgerFiles()).toHaveLength(2); // the line of the lost one may be torn
    await ledger.stop();
  });

  test('leaves a file open until the last line that is lent is written', async () => {
    const ledger = await open();
    const { note, settle } = await ledger.intend(KEY, ATTEMPT);
    await clock.advance(11 * HOUR_MS);
    await intend(ledger, OTHER, ATTEMPT);
    await faulty.write(note.file, Buffer.from(note.line));
    settle({ kind: 'placed' });
    await ledger.stop();
    const next = await open();
    expect(await next.find(KEY)).toMatchObject({ kind: 'unsettled' });
    expect(await next.find(OTHER)).toMatchObject({ kind: 'unsettled' });
    await next.stop();
  });

  test('has what it was told on the disk a tenth of a second later', async () => {
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    ledger.conclude(KEY);
    await intend(ledger, OTHER, ATTEMPT);
    await clock.advance(100);
    base.cutPower('lost');
    const next = await open({ boot: 'two' });
    expect(await next.find(KEY)).toEqual({ kind: 'delivered' });
    await next.stop();
  });

  test('writes what was delivered with one call, on its way to the sync', async () => {
    const ledger = await open();
    await Promise.all(KEYS.map((key) => intend(ledger, key, ATTEMPT)));
    const before = faulty.calls.length;
    for (const key of KEYS) ledger.conclude(key);
    await clock.advance(0);
    await clock.advance(100);
    const calls = (): readonly string[] =>
      faulty.calls.slice(before).map(({ operation }) => operation);
    await expect.poll(calls).toEqual(['write', 'sync']);
    await ledger.stop();
  });

  test('passes over halves of lines, zeros and rubbish', async () => {
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    ledger.conclude(KEY);
    await ledger.stop();
    const [name = ''] = ledgerFiles();
    const file = await base.open(name, 'append');
    await base.write(file, Buffer.from(`\0\0\0\nd ${OTHER.slice(3)}\nrubbish\nd ${OTHER}`));
    await base.close(file);
    for (const other of ['/ledger/notes.txt', '/ledger/1-0123456789abcdef.ledger']) {
      const made = await base.open(other, 'create');
      await base.write(made, Buffer.from('no header\nd nothing\n'));
      await base.close(made);
    }
    const next = await open();
    expect(await next.find(KEY)).toEqual({ kind: 'delivered' });
    expect(await next.find(OTHER)).toEqual({ kind: 'unknown' });
    await next.stop();
  });

  test('goes on in a new file after a write failed', async () => {
    const logger = recordingLogger();
    const ledger = await open({ logger });
    faulty.inject({ fault: { kind: 'tear', bytes: 5, code: 'ENOSPC' } });
    await expect(intend(ledger, KEY, ATTEMPT)).rejects.toMatchObject({ kind: 'full' });
    await intend(ledger, OTHER, ATTEMPT);
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'write' });
    ledger.conclude(OTHER);
    await clock.advance(0);
    await clock.advance(100);
    const troubles = (): number =>
      logger.events.filter(({ event }) => event === 'ledger-trouble').length;
    await expect.poll(troubles).toBe(1);
    await intend(ledger, KEYS[50] ?? '', ATTEMPT);
    expect(troubles()).toBe(1);
    expect(await ledger.find(OTHER)).toEqual({ kind: 'delivered' });
    await ledger.stop();
    const next = await open();
    expect(await next.find(OTHER)).toMatchObject({ attempts: [{ isTelling: true }] });
    expect(await next.find(KEYS[50] ?? '')).toMatchObject({ kind: 'unsettled' });
    await next.stop();
  });

  test('takes what is still to be written along into the new file', async () => {
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    ledger.conclude(KEY);
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'write' });
    await expect(intend(ledger, OTHER, ATTEMPT)).rejects.toMatchObject({ kind: 'unavailable' });
    await ledger.withdraw(OTHER, ATTEMPT);
    await ledger.stop();
    const next = await open();
    expect(await next.find(KEY)).toEqual({ kind: 'delivered' });
    await next.stop();
  });

  test('goes on in a new file after a sync failed', async () => {
    const logger = recordingLogger();
    const ledger = await open({ logger });
    await intend(ledger, KEY, ATTEMPT);
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'sync' });
    await clock.advance(100);
    expect(logger.events).toContainEqual(expect.objectContaining({ event: 'ledger-trouble' }));
    await intend(ledger, OTHER, ATTEMPT);
    expect(ledgerFiles()).toHaveLength(2);
    await ledger.stop();
    expect(clock.pending).toBe(0);
  });

  test('fails where it cannot begin a file, and works when that is over', async () => {
    const ledger = await open();
    await clock.advance(11 * HOUR_MS);
    faulty.inject({ fault: { kind: 'fail', code: 'EROFS' }, operation: 'open' });
    await expect(intend(ledger, KEY, ATTEMPT)).rejects.toMatchObject({ kind: 'read-only' });
    await intend(ledger, KEY, ATTEMPT);
    expect(ledgerFiles()).toHaveLength(2);
    await ledger.stop();
  });

  test('leaves nothing open and no file behind where a new one cannot be begun', async () => {
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    ledger.conclude(KEY);
    await clock.advance(11 * HOUR_MS);
    ledger.conclude(OTHER);
    for (const operation of ['write', 'syncDirectory'] as const) {
      const full = faulty.inject({ fault: { kind: 'fail', code: 'ENOSPC' }, operation, times: 5 });
      while (full.hits < 5) {
        await expect(ledger.intend(OTHER, ATTEMPT)).rejects.toMatchObject({ kind: 'full' });
      }
    }
    const count = (operation: string): number =>
      faulty.calls.filter((call) => call.operation === operation && call.path !== '/ledger').length;
    expect(count('open') - count('close')).toBe(1);
    expect(ledgerFiles()).toHaveLength(1);
    await ledger.stop();
    const next = await open();
    expect(await next.find(KEY)).toEqual({ kind: 'delivered' });
    await next.stop();
  });

  test('fails a question where it cannot be read, for then it knows nothing', async () => {
    const other = await open();
    const ledger = await open();
    await intend(other, KEY, ATTEMPT);
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'read' });
    await expect(ledger.find(KEY)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await ledger.find(KEY)).toMatchObject({ kind: 'unsettled' });
    await ledger.stop();
    await other.stop();
  });

  test('begins a new file every ten hours and keeps a week', async () => {
    let ledger = await open();
    const since = ledger.completeSince;
    for (let hours = 0; hours < 10 * 24; hours += 11) {
      await intend(ledger, KEYS[hours % 100] ?? '', ATTEMPT);
      await clock.advance(11 * HOUR_MS);
    }
    await expect.poll(() => ledgerFiles().length).toBeLessThan(18);
    expect(ledger.completeSince).toBeGreaterThan(since);
    await ledger.stop();
    ledger = await open();
    expect(clock.now() - ledger.completeSince).toBeLessThan(7.6 * 24 * HOUR_MS);
    await ledger.stop();
  });

  test('has on the disk soon what it is told after it was started again, too', async () => {
    const ledger = await open();
    await intend(ledger, KEY, ATTEMPT);
    await ledger.stop();
    await ledger.start();
    ledger.conclude(KEY);
    await clock.advance(0);
    await clock.advance(100);
    const next = await open();
    await expect.poll(() => next.find(KEY)).toEqual({ kind: 'delivered' });
    await next.stop();
    await ledger.stop();
  });

  test('has one look at the files at a time, whenever it is asked', async () => {
    const { disk, most } = countingLists();
    const reader = new LedgerReader('/ledger', disk, createKnowledge('one'));
    const first = reader.refresh();
    const second = reader.refresh();
    const third = first.then(() => reader.refresh());
    await Promise.all([first, second, third]);
    expect(most()).toBe(1);
  });

  test('can be asked to start and stop twice, and refuses work when it does not run', async () => {
    const ledger = await open();
    await ledger.start();
    await ledger.stop();
    await ledger.stop();
    await expect(intend(ledger, KEY, ATTEMPT)).rejects.toThrow('not running');
  });
});

describe('retention', () => {
  test('takes what is older than a week, and the oldest of too much', () => {
    const day = 24 * HOUR_MS;
    const files = [8, 6, 3, 1].map((days) => ({
      name: ledgerFileName(10 * day - days * day),
      sizeBytes: 30_000_000,
    }));
    expect(overdueFiles(files, 10 * day)).toEqual([files[1]?.name, files[0]?.name]);
    expect(overdueFiles(files.slice(2), 10 * day)).toEqual([]);
  });
});

describe('records', () => {
  test('come back from their lines', () => {
    for (const record of [
      { kind: 'intended', key: KEY, attempt: ATTEMPT },
      { kind: 'withdrawn', key: KEY, attempt: ATTEMPT },
      { kind: 'delivered', key: KEY },
    ] as const) {
      expect(parseRecord(formatRecord(record).trimEnd())).toEqual(record);
    }
  });

  test('of any text are read without a throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([parseRecord(text), parseHeader(text)]).toEqual([undefined, undefined]);
      }),
    );
  });
});

describe('a delivery key', () => {
  const id = idOf('one');
  const digest = 'd'.repeat(64);

  test('depends on every one of its facts, and not on the case of the address', () => {
    const facts = { id, recipient: ALICE, occurrence: 0, digest };
    const shouted = { ...ALICE, localPart: 'ALICE' };
    expect(deliveryKey({ ...facts, recipient: shouted })).toBe(deliveryKey(facts));
    const keys = [
      facts,
      { ...facts, id: idOf('two') },
      { ...facts, recipient: BOB },
      { ...facts, occurrence: 1 },
      { ...facts, digest: 'e'.repeat(64) },
    ].map(deliveryKey);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });
});

test('fingerprints hold every key that was added, and no other', () => {
  fc.assert(
    // Not 0, whose fingerprint is that of 1: all zeros mark a free slot.
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 0xffffff }), { maxLength: 400 }),
      (numbers) => {
        const keys = numbers.map(
          (each) => `${each.toString(16).padStart(16, '0')}${KEY.slice(16)}`,
        );
        const half = keys.length >> 1;
        const set = createFingerprints();
        for (const key of keys.slice(0, half)) set.add(key);
        for (const key of keys.slice(0, half)) set.add(key);
        expect(set.size).toBe(half);
        for (const key of keys.slice(0, half)) expect(set.has(key)).toBe(true);
        for (const key of keys.slice(half)) expect(set.has(key)).toBe(false);
      },
    ),
  );
});

describe('runs of the operating system', () => {
  test('are the same for one process after the other', () => {
    expect(currentBoot()).toMatch(/^\S+$/);
    expect(isSameBoot(currentBoot(), currentBoot())).toBe(true);
  });

  test.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['', '', false],
    ['~1000', '~1004', true],
    ['~1000', '~1006', false],
    ['~1000', 'a', false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(isSameBoot(a, b)).toBe(same);
  });
});

function idOf(text: string): DeliveryId {
  const id = parseDeliveryId(text);
  if (id === undefined) throw new TypeError(`no delivery id: ${text}`);
  return id;
}
