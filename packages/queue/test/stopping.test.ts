import { describe, expect, it } from 'vitest';
import { contentOf, NO_PARAMS, NULL_PATH, pour, silentLogger } from '@posthouse/mail';
import { createManualClock, domain, mailbox, testContext } from '@posthouse/testkit';
import { createQueue } from '../src/index.ts';
import type { RecipientRecord, Store } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { mortal } from './faulty-store.ts';
import {
  DELIVERED,
  eventKinds,
  HOUR,
  MESSAGE,
  MINUTE,
  planByDomain,
  settle,
  startQueue,
  submit,
  turn,
} from './queue-under-test.ts';

const never = (): Promise<never> => new Promise(() => undefined);

async function queued(store: Store): Promise<readonly RecipientRecord[]> {
  const entries = await store.list({}, { limit: 1000 });
  return entries.map(({ recipient }) => recipient);
}

/** As `stop` of a queue under test, with the store left running to be looked at. */
async function stopQueue(under: Awaited<ReturnType<typeof startQueue>>, ms = HOUR): Promise<void> {
  const stopped = under.queue.stop();
  await under.clock.advance(ms);
  await stopped;
}

describe('stopping', () => {
  it('lets an attempt in flight end', async () => {
    const gate = Promise.withResolvers<void>();
    const under = await startQueue({
      script: async () => {
        await gate.promise;
        return DELIVERED;
      },
      drainMs: MINUTE,
    });
    await submit(under.queue, { to: ['bob@example.net'] });
    const stopped = under.queue.stop();
    await under.clock.advance(MINUTE / 2);
    gate.resolve();
    await stopped;
    expect(under.attempts[0]?.attempt.signal.aborted).toBe(false);
    expect(await eventKinds(under.store)).toEqual(['accepted', 'delivered']);
  });

  it('aborts what does not end in time, and records it in doubt', async () => {
    const under = await startQueue({
      script: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
      drainMs: MINUTE,
    });
    await submit(under.queue, { to: ['bob@example.net'] });
    await stopQueue(under);
    const { events } = await under.store.events(undefined, 10);
    expect(events[1]).toMatchObject({ kind: 'attempted', inDoubt: true });
    const [bob] = await queued(under.store);
    expect(bob).toMatchObject({ attempts: 1 });
    expect(bob?.lease).toBeUndefined();
  });

  it('does not wait for a transmitter that does not listen', async () => {
    const under = await startQueue({ script: never, drainMs: MINUTE });
    await submit(under.queue, { to: ['bob@example.net'] });
    await stopQueue(under);
    const { events } = await under.store.events(undefined, 10);
    expect(events[1]).toMatchObject({ kind: 'attempted', inDoubt: true });
  });

  it('gives back what never began, without counting it', async () => {
    const under = await startQueue({
      script: never,
      concurrency: { initialPerLane: 2, maxPerLane: 2 },
      drainMs: MINUTE,
    });
    for (let n = 0; n < 6; n++) await submit(under.queue, { to: [`r${n}@example.net`] });
    await stopQueue(under);
    const recipients = await queued(under.store);
    expect(recipients.map(({ attempts }) => attempts).toSorted((a, b) => a - b)).toEqual([
      0, 0, 0, 0, 1, 1,
    ]);
    expect(recipients.every(({ lease }) => lease === undefined)).toBe(true);
    const waiting = recipients.filter(({ attempts }) => attempts === 0);
    expect(waiting.every(({ dueAt }) => dueAt <= under.clock.now())).toBe(true);
  });

  it('refuses transactions at once', async () => {
    const under = await startQueue({ script: never, drainMs: MINUTE });
    await submit(under.queue, { to: ['bob@example.net'] });
    const stopped = under.queue.stop();
    await expect(submit(under.queue, { to: ['bob@example.net'] })).rejects.toMatchObject({
      code: 'shutting-down',
      reply: { code: 421 },
    });
    await under.clock.advance(HOUR);
    await stopped;
  });

  it('refuses the commit of a transaction that was opened before, and leaves nothing of it', async () => {
    const { queue, store, clock, attempts } = await startQueue({
      deps: { planner: { plan: ({ domain: lane }) => ({ lane, site: lane, own: true }) } },
    });
    const transaction = queue.begin(NULL_PATH, NO_PARAMS, testContext());
    await transaction.recipient(mailbox('bob@example.net'), NO_PARAMS);
    await pour(contentOf(Buffer.from(MESSAGE)), transaction.stage(new Uint8Array()));
    const stopped = queue.stop();
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'shutting-down' });
    await stopped;
    expect(attempts).toEqual([]);
    expect(await queued(store)).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('waits for a commit that is under way', async () => {
    const gate = Promise.withResolvers<void>();
    const { queue, store } = await startQueue({
      deps: {
        inspect: async () => {
          await gate.promise;
          return new Uint8Array();
        },
      },
    });
    const submitted = submit(queue, { to: ['bob@example.net'] });
    await turn();
    const stopped = queue.stop();
    gate.resolve();
    await submitted;
    await stopped;
    expect(await eventKinds(store)).toEqual(['accepted', 'delivered']);
  });

  it('leaves no timer behind when what it aborted has ended', async () => {
    const { queue, clock } = await startQueue({
      script: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
      drainMs: MINUTE,
    });
    await submit(queue, { to: ['bob@example.net'] });
    const stopped = queue.stop();
    await turn();
    await clock.advance(MINUTE);
    await stopped;
    expect(clock.pending).toBe(0);
  });

  it('is idempotent, and needs no start', async () => {
    const under = await startQueue();
    await Promise.all([under.queue.stop(), under.queue.stop()]);
    const store = createMemoryStore();
    const queue = createQueue(
      { hostname: domain('mx.example.test') },
      {
        store,
        planner: planByDomain,
        transmitter: { transmit: never },
        clock: createManualClock(),
        logger: silentLogger,
      },
    );
    await queue.stop();
    await expect(queue.start()).rejects.toThrow(TypeError);
  });
});

describe('after a crash', () => {
  /** A queue that died: nothing of it runs on, its store is there. */
  async function crashed(own: boolean): Promise<Store> {
    const store = createMemoryStore();
    const { store: mortalStore, die } = mortal(store);
    const { clock, queue } = await startQueue({
      script: never,
      concurrency: { initialPerLane: 1, maxPerLane: 1, ownPerLane: 1 },
      deps: {
        store: mortalStore,
        planner: { plan: ({ domain: lane }) => ({ lane, site: lane, own }) },
      },
    });
    for (const name of ['bob', 'carol']) {
      await submit(queue, { to: [`${name}@example.net`] }, clock);
    }
    await turn();
    die();
    return store;
  }

  it('a stranger’s attempt that may have begun is made again at the time that was made durable before', async () => {
    const store = await crashed(false);
    const { clock, attempts, stop } = await startQueue({ deps: { store } });
    await settle(clock);
    expect(attempts).toHaveLength(0);
    await clock.advance(5 * MINUTE);
    await turn(10);
    const attempted = new Set(attempts.flatMap(({ addresses }) => addresses));
    expect(attempted).toEqual(new Set(['bob@example.net', 'carol@example.net']));
    expect(attempts.map(({ repeat }) => repeat)).toEqual([true, true]);
    await stop();
  });

  it('a delivery to our own mailbox is made again at once, as a repeat', async () => {
    const store = await crashed(true);
    const { clock, attempts, stop } = await startQueue({ deps: { store } });
    await settle(clock);
    await turn(10);
    const attempted = new Set(attempts.flatMap(({ addresses }) => addresses));
    expect(attempted).toEqual(new Set(['bob@example.net', 'carol@example.net']));
    expect(attempts.map(({ repeat }) => repeat)).toEqual([true, true]);
    await stop();
  });
});
