import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createDirectorySync, DurableFsError } from '@posthouse/durable-fs';
import type { FileSystem } from '@posthouse/durable-fs';
import { createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { DirectorySyncOptions } from '../src/directory-sync.ts';

const EIO = new DurableFsError('unavailable', { operation: 'syncDirectory', path: '/d' }, 'EIO');

/** One sync that is under way: what had been changed before it began, and how to end it. */
interface RunningSync {
  readonly covers: number;
  end(error?: Error): void;
}

/** A directory whose syncs end when the test says so, and that counts its changes. */
function heldDirectory(options: DirectorySyncOptions = {}) {
  const running: RunningSync[] = [];
  const state = { changes: 0, durable: 0, syncs: 0, mostAtOnce: 0 };
  const fileSystem: FileSystem = {
    ...createVolatileFileSystem(),
    syncDirectory() {
      state.syncs += 1;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const covers = state.changes;
      const sync: RunningSync = {
        covers,
        end(error) {
          running.splice(running.indexOf(sync), 1);
          if (error !== undefined) return reject(error);
          state.durable = Math.max(state.durable, covers);
          return resolve();
        },
      };
      running.push(sync);
      state.mostAtOnce = Math.max(state.mostAtOnce, running.length);
      return promise;
    },
  };
  return { state, running, directorySync: createDirectorySync(fileSystem, options) };
}

/** Lets everything happen that waits for nothing from outside: at most the end of a turn, and what follows. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

/** The oldest of the syncs that run ends, or the youngest. */
type Step = 'change' | 'succeed' | 'fail' | 'overtake';
const OPTIONS = fc.record({
  gathersTurns: fc.boolean(),
  maxAtOnce: fc.integer({ min: 1, max: 3 }),
});
const STEPS = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>('change') },
    { weight: 2, arbitrary: fc.constant<Step>('succeed') },
    { weight: 1, arbitrary: fc.constant<Step>('fail') },
    { weight: 1, arbitrary: fc.constant<Step>('overtake') },
  ),
  { maxLength: 60 },
);

describe('properties', () => {
  test('who is told "done" is durable; no more run at once than may; everyone is told', async () => {
    await fc.assert(
      fc.asyncProperty(STEPS, fc.boolean(), OPTIONS, async (steps, settleBetween, options) => {
        const { state, running, directorySync } = heldDirectory(options);
        const untold = new Set<number>();
        const broken: string[] = [];
        for (const step of steps) {
          if (step === 'change') {
            state.changes += 1;
            const change = state.changes;
            untold.add(change);
            directorySync.sync('/d').then(
              () => {
                untold.delete(change);
                if (state.durable < change) broken.push(`change ${change} is not durable`);
              },
              () => untold.delete(change),
            );
          }
          if (step === 'succeed') running[0]?.end();
          if (step === 'fail') running[0]?.end(EIO);
          if (step === 'overtake') running.at(-1)?.end();
          if (settleBetween) await quiet();
        }
        for (await quiet(); running.length > 0; await quiet()) running[0]?.end();
        expect(broken).toEqual([]);
        expect(state.mostAtOnce).toBeLessThanOrEqual(options.maxAtOnce);
        expect([...untold]).toEqual([]);
      }),
    );
  });

  test('all who come while one sync runs share one more, however many they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), async (count) => {
        const { state, running, directorySync } = heldDirectory();
        const first = directorySync.sync('/d');
        const others = Array.from({ length: count }, () => directorySync.sync('/d'));
        expect(state.syncs).toBe(1);
        running[0]?.end();
        await first;
        await quiet();
        running[0]?.end();
        await Promise.all(others);
        expect(state.syncs).toBe(2);
      }),
    );
  });

  test('a failure rejects all who wait, and none of them is served by a later success', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 20 }), async (count) => {
        const { state, running, directorySync } = heldDirectory();
        const waiting = Array.from({ length: 1 + count }, () => directorySync.sync('/d'));
        running[0]?.end(EIO);
        const told = await Promise.allSettled(waiting);
        expect(told.every((one) => one.status === 'rejected' && one.reason === EIO)).toBe(true);
        expect(state.syncs).toBe(1);

        const anew = directorySync.sync('/d');
        running[0]?.end();
        await anew;
        expect(state.syncs).toBe(2);
      }),
    );
  });
});

test('a lone caller waits for nobody, and leaves nothing behind', async () => {
  const { state, running, directorySync } = heldDirectory();
  for (const count of [1, 2, 3]) {
    const done = directorySync.sync('/d');
    expect(state.syncs).toBe(count);
    running[0]?.end();
    await done;
    await quiet();
    expect(state.syncs).toBe(count);
  }
});

test('two spellings of a directory are one, two directories are two', async () => {
  const { state, running, directorySync } = heldDirectory();
  const all = [directorySync.sync('/d'), directorySync.sync('/d/../d/'), directorySync.sync('/e')];
  expect(state.syncs).toBe(2);
  while (running.length > 0) {
    running[0]?.end();
    await quiet();
  }
  await Promise.all(all);
  expect(state.syncs).toBe(3);
});

test('where turns are gathered, all who come in one share its sync, and who comes later the next', async () => {
  const { state, running, directorySync } = heldDirectory({ gathersTurns: true });
  const first = [directorySync.sync('/d'), directorySync.sync('/d')];
  expect(state.syncs).toBe(0);
  await quiet();
  expect(state.syncs).toBe(1);
  const later = directorySync.sync('/d');
  running[0]?.end();
  await Promise.all(first);
  await quiet();
  running[0]?.end();
  await later;
  expect(state.syncs).toBe(2);
});

test('where two may run at once, the second begins beside the first, and a third waits for either', async () => {
  const { state, running, directorySync } = heldDirectory({ maxAtOnce: 2 });
  const done = [1, 2, 3, 4].map(() => directorySync.sync('/d'));
  expect(state.syncs).toBe(2);
  running[1]?.end();
  await done[1];
  await quiet();
  expect(state.syncs).toBe(3);
  running[0]?.end();
  running[0]?.end();
  await Promise.all(done);
  expect(state.syncs).toBe(3);
});
