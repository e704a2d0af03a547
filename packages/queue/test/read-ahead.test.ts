import { newTransactionId } from '@posthouse/mail';
import { createManualClock } from '@posthouse/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../src/index.ts';
import type { QueueId, Store } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { chooseAhead } from '../src/read-ahead.ts';
import { BACKLOG_BYTES, putBacklog } from './backlog.ts';
import { withVerbs } from './faulty-store.ts';
import { HOST_DOWN, HOUR, startQueue, turn } from './queue-under-test.ts';

const PAGE = 30;

interface Seen {
  readonly store: Store;
  /** How many messages each `readSmall` asked for. */
  readonly ahead: number[];
  /** Messages that were read one by one. */
  readonly alone: QueueId[];
}

/** A store with a backlog for one stranger's host. */
async function backlogged(readSmall?: Store['readSmall']): Promise<Seen> {
  const memory = createMemoryStore();
  await memory.start();
  const at = createManualClock().now();
  await putBacklog(memory, { domain: 'example.net', messages: PAGE, recipientsEach: 2, at });
  const ahead: number[] = [];
  const alone: QueueId[] = [];
  const store = withVerbs(memory, {
    readSmall: (ids) => {
      ahead.push(ids.length);
      return (readSmall ?? memory.readSmall.bind(memory))(ids);
    },
    open: (id) => {
      alone.push(id);
      return memory.open(id);
    },
  });
  return { store, ahead, alone };
}

const ONE_EACH = { maxRecipientsPerAttempt: 1 };

describe('the content of a claimed page', () => {
  it('is read in one go, and each attempt has it in memory', async () => {
    const { store, ahead, alone } = await backlogged();
    const { attempts, stop } = await startQueue({ concurrency: ONE_EACH, deps: { store } });
    await turn(400);
    expect(attempts).toHaveLength(2 * PAGE);
    expect(ahead).toEqual([PAGE]);
    expect(alone).toEqual([]);
    for (const { text } of attempts) expect(await text).toBe(BACKLOG_BYTES.toString());
    await stop();
  });

  it('is read by the attempts where the store cannot read it ahead', async () => {
    const { store, alone } = await backlogged(() =>
      Promise.reject(new StoreError('unavailable', 'EIO')),
    );
    const { attempts, stop } = await startQueue({ deps: { store } });
    await turn(400);
    expect(attempts).toHaveLength(PAGE);
    expect(alone).toHaveLength(PAGE);
    await stop();
  });

  it('is read by the attempts where the store leaves it out', async () => {
    const { store, alone } = await backlogged(() => Promise.resolve(new Map()));
    const { attempts, stop } = await startQueue({ deps: { store } });
    await turn(400);
    expect(alone).toHaveLength(PAGE);
    for (const { text } of attempts) expect(await text).toBe(BACKLOG_BYTES.toString());
    await stop();
  });

  it('takes half of the room that the cache has left', async () => {
    const { store, ahead, alone } = await backlogged();
    const { attempts, stop } = await startQueue({
      maxCachedContentBytes: PAGE * BACKLOG_BYTES.byteLength,
      deps: { store },
    });
    await turn(400);
    expect(attempts).toHaveLength(PAGE);
    expect(ahead).toEqual([PAGE / 2]);
    expect(alone).toHaveLength(PAGE / 2);
    await stop();
  });

  it('is dropped where nothing was attempted: the next page finds the same room', async () => {
    const { store, ahead } = await backlogged();
    const { attempts, clock, stop } = await startQueue({
      script: () => HOST_DOWN,
      maxCachedContentBytes: 2 * PAGE * BACKLOG_BYTES.byteLength,
      deps: { store },
    });
    await turn(400);
    const first = attempts.length;
    expect(first).toBeLessThan(PAGE);
    await clock.advance(3 * HOUR);
    await turn(400);
    expect(attempts.length).toBeGreaterThan(first);
    expect(ahead.length).toBeGreaterThan(1);
    expect(Math.max(...ahead.slice(1))).toBe(PAGE);
    await stop();
  });
});

describe('what is read ahead', () => {
  it('is bounded by count, by size and by the room, from the front of the page', () => {
    const sizes = fc.array(fc.oneof(fc.nat(100_000), fc.nat(5000)), { maxLength: 600 });
    fc.assert(
      fc.property(sizes, fc.nat(3_000_000), (all, freeBytes) => {
        const page = all.map((sizeBytes) => ({ message: { id: newTransactionId(0), sizeBytes } }));
        const chosen = chooseAhead(page, freeBytes);
        const of = new Map(page.map(({ message }) => [message.id, message.sizeBytes]));
        const octets = chosen.map((id) => of.get(id) ?? NaN);
        const sum = octets.reduce((total, each) => total + each, 0);
        expect(sum).toBeLessThanOrEqual(freeBytes);
        expect(chosen.length).toBeLessThanOrEqual(256);
        expect(octets.every((each) => each <= 65_536)).toBe(true);
        const order = page.map(({ message }) => message.id).filter((id) => chosen.includes(id));
        expect(chosen).toEqual(order);
        if (chosen.length === 256) return;
        const least = Math.min(65_536, freeBytes - sum);
        for (const { message } of page) {
          if (!chosen.includes(message.id)) expect(message.sizeBytes).toBeGreaterThan(least);
        }
      }),
    );
  });
});
