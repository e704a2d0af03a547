import { describe, expect, it } from 'vitest';
import { createManualClock } from '@posthouse/testkit';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { putBacklog } from './backlog.ts';
import {
  DELIVERED,
  HOST_DOWN,
  HOUR,
  settle,
  startQueue,
  submit,
  turn,
} from './queue-under-test.ts';
import type { SeenAttempt } from './queue-under-test.ts';

const START = createManualClock().now();
const never = (): Promise<never> => new Promise(() => undefined);

async function storeWith(...backlogs: readonly (readonly [string, number, number])[]) {
  const store = createMemoryStore();
  await store.start();
  for (const [domain, messages, recipientsEach] of backlogs) {
    await putBacklog(store, { domain, messages, recipientsEach, at: START });
  }
  return store;
}

function to(attempts: readonly SeenAttempt[], domain: string): readonly SeenAttempt[] {
  return attempts.filter(({ addresses }) => addresses[0]?.endsWith(`@${domain}`));
}

describe('a lane that rests with half a million recipients', () => {
  it('starves nobody, and costs no attempts', { timeout: 120_000 }, async () => {
    const store = await storeWith(['big.test', 500, 1000]);
    const under = await startQueue({
      script: (address) => (address.endsWith('@big.test') ? HOST_DOWN : DELIVERED),
      deps: { store },
    });
    const { queue, clock, attempts, stop } = under;
    await turn(5);
    expect(to(attempts, 'big.test').length).toBeLessThan(10);
    for (let n = 0; n < 100; n++) await submit(queue, { to: [`bob@d${n}.test`] });
    await settle(clock);
    expect(attempts.filter(({ addresses }) => addresses[0]?.startsWith('bob@'))).toHaveLength(100);
    await clock.advance(HOUR);
    expect(to(attempts, 'big.test').length).toBeLessThan(15);
    expect(queue.activity()).toMatchObject({ attempts: 0, waiting: 0 });
    await stop();
  });
});

describe('lanes that never answer', () => {
  it('leave room for others, however many they are', async () => {
    const store = await storeWith(
      ...Array.from({ length: 12 }, (_, n) => [`slow${n}.test`, 40, 1] as const),
    );
    const { queue, clock, attempts, stop } = await startQueue({
      script: (address) => (address.includes('@slow') ? never() : DELIVERED),
      deps: { store },
      concurrency: { maxAttempts: 40, maxActiveRecipients: 400 },
      drainMs: 0,
    });
    await turn(20);
    const busy = queue.activity();
    expect(busy.attempts).toBeLessThanOrEqual(40);
    expect(busy.attempts + busy.waiting).toBeLessThanOrEqual(400);
    await submit(queue, { to: ['bob@quick.test'] });
    await settle(clock);
    expect(to(attempts, 'quick.test')).toHaveLength(1);
    await stop();
  });

  it('do not take all slots while they are few', async () => {
    const store = await storeWith(['slow1.test', 400, 1], ['slow2.test', 400, 1]);
    const { queue, attempts, stop } = await startQueue({
      script: (address) => (address.includes('@slow') ? never() : DELIVERED),
      deps: { store },
      concurrency: { maxAttempts: 8, maxActiveRecipients: 100, initialPerLane: 8 },
      drainMs: 0,
    });
    await turn(20);
    for (let n = 0; n < 30; n++) await submit(queue, { to: [`bob@quick${n}.test`] });
    await turn(20);
    expect(attempts.filter(({ addresses }) => addresses[0]?.startsWith('bob@'))).toHaveLength(30);
    await stop();
  });
});

describe('within one lane', () => {
  it('a sender with few messages does not wait for one with many', async () => {
    let open = true;
    const gate: (() => void)[] = [];
    const { queue, attempts, stop } = await startQueue({
      script: () =>
        open ? new Promise((resolve) => gate.push(() => resolve(DELIVERED))) : DELIVERED,
      concurrency: { initialPerLane: 1, maxPerLane: 1 },
    });
    for (let n = 0; n < 100; n++) {
      await submit(queue, { from: 'list@example.test', to: [`r${n}@one.test`] });
    }
    await submit(queue, { from: 'carol@example.test', to: ['bob@one.test'] });
    open = false;
    for (const release of gate) release();
    await turn(200);
    const place = attempts.findIndex(({ addresses }) => addresses[0] === 'bob@one.test');
    expect(place).toBeLessThanOrEqual(3);
    expect(attempts).toHaveLength(101);
    await stop();
  });

  it('small mail goes before bulk, which is not kept waiting for ever', async () => {
    let open = true;
    const gate: (() => void)[] = [];
    const { queue, attempts, stop } = await startQueue({
      script: () =>
        open ? new Promise((resolve) => gate.push(() => resolve(DELIVERED))) : DELIVERED,
      concurrency: { initialPerLane: 1, maxPerLane: 1, maxRecipientsPerAttempt: 11 },
    });
    await submit(queue, { to: ['first@one.test'] });
    const many = Array.from({ length: 33 }, (_, n) => `bulk${n}@one.test`);
    await submit(queue, { from: 'list@example.test', to: many });
    for (let n = 0; n < 20; n++) await submit(queue, { to: [`small${n}@one.test`] });
    open = false;
    for (const release of gate) release();
    await turn(200);
    const order = attempts.map(({ addresses }) => (addresses.length > 1 ? 'bulk' : 'small'));
    expect(order.slice(0, 9)).not.toContain('bulk');
    expect(order.slice(0, 20).filter((kind) => kind === 'bulk').length).toBeGreaterThan(0);
    expect(order.filter((kind) => kind === 'bulk')).toHaveLength(3);
    await stop();
  });
});

describe('a backlog', () => {
  it('is worked off page by page, in bounded memory', async () => {
    const store = await storeWith(['a.test', 700, 1], ['b.test', 300, 5]);
    let most = 0;
    const { queue, attempts, stop } = await startQueue({
      deps: { store },
      concurrency: { maxActiveRecipients: 100, maxAttempts: 10 },
    });
    for (let n = 0; n < 2000 && store.usage().recipients > 0; n++) {
      const { attempts: running, waiting } = queue.activity();
      most = Math.max(most, running + waiting);
      await turn();
    }
    expect(store.usage().recipients).toBe(0);
    expect(most).toBeLessThanOrEqual(100);
    // The recipients of a message are parted where a page ends.
    expect(attempts.length).toBeLessThan(1300);
    await stop();
  });

  it('shares a lane with mail that comes in', async () => {
    const store = await storeWith(['one.test', 500, 1]);
    const { queue, attempts, stop } = await startQueue({
      script: async () => {
        await turn();
        return DELIVERED;
      },
      deps: { store },
      concurrency: { maxActiveRecipients: 200, initialPerLane: 1, maxPerLane: 1 },
    });
    for (let n = 0; n < 100; n++) {
      await submit(queue, { from: 'carol@example.test', to: [`new${n}@one.test`] });
    }
    for (let n = 0; n < 3000 && store.usage().recipients > 0; n++) await turn();
    expect(attempts).toHaveLength(600);
    const half = attempts.slice(0, 120).filter(({ addresses }) => addresses[0]?.startsWith('new'));
    expect(half.length).toBeGreaterThan(20);
    expect(half.length).toBeLessThan(100);
    await stop();
  });
});
