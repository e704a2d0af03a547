import { describe, expect, it } from 'vitest';
import { StoreError } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { withVerbs } from './faulty-store.ts';
import {
  DELIVERED,
  eventKinds,
  HOUR,
  MINUTE,
  startQueue,
  submit,
  turn,
} from './queue-under-test.ts';

describe('a lease', () => {
  it('is renewed as long as the attempt lasts', async () => {
    const gate = Promise.withResolvers<void>();
    const { queue, store, clock, attempts, stop } = await startQueue({
      script: async () => {
        await gate.promise;
        return DELIVERED;
      },
      attemptTimeoutMs: 10 * HOUR,
    });
    await submit(queue, { to: ['bob@example.net'] });
    await clock.advance(5 * HOUR);
    const [entry] = await store.list({}, { limit: 1 });
    expect(entry?.recipient.lease?.until).toBeGreaterThan(clock.now());
    expect(attempts).toHaveLength(1);
    gate.resolve();
    await turn(5);
    expect(await eventKinds(store)).toEqual(['accepted', 'delivered']);
    await stop();
  });

  it('is renewed while its recipient waits for its turn', async () => {
    const gates: (() => void)[] = [];
    const { queue, clock, attempts, stop } = await startQueue({
      script: () => new Promise((resolve) => gates.push(() => resolve(DELIVERED))),
      concurrency: { initialPerLane: 1, maxPerLane: 1 },
      attemptTimeoutMs: 10 * HOUR,
    });
    for (const name of ['bob', 'carol']) await submit(queue, { to: [`${name}@example.net`] });
    await clock.advance(HOUR);
    gates[0]?.();
    await turn(5);
    expect(attempts.map(({ addresses, repeat }) => [addresses[0], repeat])).toEqual([
      ['bob@example.net', false],
      ['carol@example.net', false],
    ]);
    gates[1]?.();
    await turn(5);
    await stop();
  });

  it('that cannot be kept ends its attempt before another begins', async () => {
    const store = createMemoryStore();
    let broken = false;
    const running = new Set<number>();
    let most = 0;
    let begun = 0;
    const { queue, clock, stop } = await startQueue({
      script: (_, { signal }) => {
        const number = begun++;
        running.add(number);
        most = Math.max(most, running.size);
        if (begun > 1) {
          running.delete(number);
          return DELIVERED;
        }
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            running.delete(number);
            reject(new Error('told to stop'));
          });
        });
      },
      attemptTimeoutMs: 10 * HOUR,
      deps: {
        store: withVerbs(store, {
          renew: async (leases, until) => {
            if (broken) throw new StoreError('unavailable', 'EIO');
            return store.renew(leases, until);
          },
        }),
      },
    });
    await submit(queue, { to: ['bob@example.net'] });
    broken = true;
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance(MINUTE);
      await turn(5);
    }
    expect(most).toBe(1);
    expect(begun).toBe(2);
    expect(store.usage().recipients).toBe(0);
    await stop();
  });
});
