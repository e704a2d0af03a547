import { silentLogger } from '@posthouse/mail';
import { createManualClock, domain } from '@posthouse/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQueue, StoreError } from '../src/index.ts';
import type { QueueDeps, Store } from '../src/index.ts';
import { mayBeginAhead } from '../src/begin-ahead.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { putBacklog } from './backlog.ts';
import { withVerbs } from './faulty-store.ts';
import { GREYLISTED, MINUTE, planByDomain, startQueue, turn } from './queue-under-test.ts';

const PAGE = 30;

/** A store with a backlog for one stranger's host, and how many attempts each `begin` marked. */
async function backlogged(
  at: number,
): Promise<{ readonly store: Store; readonly marked: number[] }> {
  const memory = createMemoryStore();
  await memory.start();
  await putBacklog(memory, { domain: 'example.net', messages: PAGE, at });
  const marked: number[] = [];
  const store = withVerbs(memory, {
    begin: (attempts) => {
      marked.push(attempts.length);
      return memory.begin(attempts);
    },
  });
  return { store, marked };
}

describe('what is claimed', () => {
  it('is marked as begun by the page, and every attempt of it is made', async () => {
    const { store, marked } = await backlogged(createManualClock().now());
    const { attempts, stop } = await startQueue({ deps: { store } });
    await turn(200);
    expect(attempts).toHaveLength(PAGE);
    expect(marked).toEqual([PAGE]);
    expect(attempts.every(({ repeat }) => repeat === false)).toBe(true);
    await stop();
  });

  it('is marked by its own attempt where it was attempted before', async () => {
    const { store, marked } = await backlogged(createManualClock().now());
    const { attempts, clock, stop } = await startQueue({
      script: () => GREYLISTED,
      deps: { store },
    });
    await turn(200);
    marked.length = 0;
    await clock.advance(10 * MINUTE);
    await turn(200);
    expect(attempts.length).toBeGreaterThan(PAGE);
    expect(marked.every((count) => count === 1)).toBe(true);
    await stop();
  });

  it('is attempted all the same where the store cannot mark the page', async () => {
    const { store } = await backlogged(createManualClock().now());
    const moody = withVerbs(store, {
      begin: async (attempts) => {
        if (attempts.length > 1) throw new StoreError('unavailable', 'EIO');
        return store.begin(attempts);
      },
    });
    const { attempts, stop } = await startQueue({ deps: { store: moody } });
    await turn(400);
    expect(attempts).toHaveLength(PAGE);
    await stop();
  });

  it('and not attempted is due after the first wait when we die', async () => {
    const { store } = await backlogged(createManualClock().now());
    const clock = createManualClock();
    const never: QueueDeps['transmitter'] = { transmit: () => new Promise(() => undefined) };
    const queue = createQueue(
      { hostname: domain('mx.example.test') },
      { store, planner: planByDomain, transmitter: never, clock, logger: silentLogger },
    );
    await queue.start();
    await turn(200);
    await store.recover('queue', clock.now());
    const dueAt = await store.nextDueAt([]);
    expect(dueAt).toBeGreaterThan(clock.now());
    expect(dueAt).toBeLessThanOrEqual(clock.now() + 10 * MINUTE);
  });
});

describe('an attempt', () => {
  it('is begun ahead only where it is the first of all its recipients, and at a stranger', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (own, numbers) => {
          const recipients = numbers.map((attempts) => ({ attempts }));
          const isFirst = Math.max(...numbers) === 1;
          expect(mayBeginAhead({ own, recipients })).toBe(isFirst && !own);
        },
      ),
    );
  });
});
