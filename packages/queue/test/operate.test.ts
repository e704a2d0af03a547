import { describe, expect, it } from 'vitest';
import { readContent, silentLogger } from '@posthouse/mail';
import { domain } from '@posthouse/testkit';
import { createOperator, describeEvent } from '../src/index.ts';
import type { Operator, QueueEntry } from '../src/index.ts';
import {
  DELIVERED,
  GREYLISTED,
  HOST_DOWN,
  HOUR,
  MESSAGE,
  MINUTE,
  planByDomain,
  settle,
  startQueue,
  submit,
  turn,
} from './queue-under-test.ts';
import type { QueueUnderTest, Setting } from './queue-under-test.ts';

interface Operated extends QueueUnderTest {
  readonly operator: Operator;
}

async function startOperated(setting: Setting = {}): Promise<Operated> {
  const under = await startQueue({ script: () => GREYLISTED, ...setting });
  const operator = createOperator(
    { hostname: domain('mx.example.test') },
    {
      store: under.store,
      planner: planByDomain,
      clock: under.clock,
      logger: silentLogger,
      queue: under.queue,
    },
  );
  return { ...under, operator };
}

async function all(entries: AsyncIterable<QueueEntry>): Promise<readonly QueueEntry[]> {
  const found: QueueEntry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

describe('looking at the queue', () => {
  it('lists what a selection names, with the reason and the next attempt', async () => {
    const { queue, clock, operator, stop } = await startOperated();
    await submit(queue, { to: ['bob@example.net', 'carol@example.org'] });
    const entries = await all(operator.list({ domain: 'example.net' }));
    expect(entries).toMatchObject([
      {
        message: { priority: 'interactive' },
        recipient: {
          forwardPath: { localPart: 'bob' },
          lastReason: '451 4.7.1 greylisted, try later',
          dueAt: clock.now() + 2 * MINUTE,
        },
      },
    ]);
    expect(await all(operator.list())).toHaveLength(2);
    await stop();
  });

  it('walks over more than a page', async () => {
    const { queue, operator, stop } = await startOperated({ maxRecipients: 2000 });
    const to = Array.from({ length: 1100 }, (_, n) => `r${n}@example.net`);
    await submit(queue, { to });
    expect(await all(operator.list())).toHaveLength(1100);
    await stop();
  });

  it('shows a message with its content, and nothing for one that is gone', async () => {
    const { queue, operator, stop } = await startOperated();
    const id = await submit(queue, { to: ['bob@example.net'] });
    const shown = await operator.show(id);
    expect(shown?.recipients).toHaveLength(1);
    const content = shown === undefined ? undefined : await readContent(shown.content, 10_000);
    expect(String(content)).toBe(`Received: by test\r\n${MESSAGE}`);
    await operator.remove({ message: id }, false);
    expect(await operator.show(id)).toBeUndefined();
    await stop();
  });

  it('sums up by destination', async () => {
    const { queue, operator, stop } = await startOperated();
    await submit(queue, { to: ['bob@example.net', 'carol@example.net', 'eve@example.org'] });
    const lines = await operator.summary();
    expect(Object.fromEntries(lines.map((line) => [line.domain, line.recipients]))).toEqual({
      'example.net': 2,
      'example.org': 1,
    });
    await stop();
  });

  it('traces a message by queue id, Message-ID and address, in words as well', async () => {
    const { queue, operator, clock, stop } = await startOperated({
      script: (_, { context }) => (context.delivery?.repeat === true ? DELIVERED : GREYLISTED),
    });
    const id = await submit(queue, { to: ['bob@example.net'] });
    await clock.advance(HOUR);
    for (const subject of [id, '<one@example.test>', 'bob@example.net', 'alice@example.test']) {
      const events = await operator.trace(subject);
      expect(events.map(({ kind }) => kind)).toEqual(['accepted', 'attempted', 'delivered']);
    }
    const lines = (await operator.trace(id)).map(describeEvent);
    expect(lines[1]).toBe(
      `2026-01-01T00:00:00.000Z ${id} <bob@example.net> attempted, not decided at mx.example.net ` +
        '[192.0.2.7]: 451 4.7.1 greylisted, try later; next attempt 2026-01-01T00:02:00.000Z',
    );
    await stop();
  });
});

describe('moving what is queued', () => {
  it('holds until released', async () => {
    const { queue, store, clock, attempts, operator, stop } = await startOperated();
    await submit(queue, { to: ['bob@example.net'] });
    expect(await operator.hold({})).toBe(1);
    await clock.advance(12 * HOUR);
    expect(attempts).toHaveLength(1);
    expect(await operator.release({ recipient: 'bob@example.net' })).toBe(1);
    await settle(clock);
    await turn(10);
    expect(attempts).toHaveLength(2);
    const { events } = await store.events(undefined, 100);
    expect(events.map(({ kind }) => kind)).toContain('held');
    await stop();
  });

  it('retries now, even where the host rests', async () => {
    let says = HOST_DOWN;
    const { queue, store, clock, attempts, operator, stop } = await startOperated({
      script: () => says,
    });
    for (let n = 0; n < 20; n++) await submit(queue, { to: [`r${n}@example.net`] });
    await turn(10);
    expect(attempts.length).toBeLessThan(10);
    says = DELIVERED;
    expect(await operator.retry({})).toBe(20);
    await settle(clock);
    await turn(50);
    expect(store.usage().recipients).toBe(0);
    await stop();
  });
});

describe('removing', () => {
  it('takes recipients out without a word', async () => {
    const { queue, store, clock, attempts, operator, stop } = await startOperated();
    await submit(queue, { to: ['bob@example.net', 'carol@example.org'] });
    expect(await operator.remove({ domain: 'example.net' }, false)).toEqual({
      removed: 1,
      busy: 0,
    });
    await clock.advance(MINUTE);
    expect(store.usage().recipients).toBe(1);
    expect(attempts.flatMap(({ addresses }) => addresses)).not.toContain('alice@example.test');
    await stop();
  });

  it('tells the author when it is asked to', async () => {
    const { queue, clock, attempts, operator, stop } = await startOperated();
    await submit(queue, { to: ['bob@example.net', 'carol@example.net'] });
    expect(await operator.remove({}, true)).toEqual({ removed: 2, busy: 0 });
    await settle(clock);
    await turn(20);
    const told = attempts.filter(({ addresses }) => addresses.includes('alice@example.test'));
    expect(told).toHaveLength(1);
    const text = await told[0]?.text;
    expect(text).toContain('An operator removed the message from the queue');
    expect(text).toContain('bob@example.net');
    expect(text).toContain('carol@example.net');
    await stop();
  });

  it('leaves what is being attempted', async () => {
    const { queue, operator, stop } = await startOperated({
      script: () => new Promise(() => undefined),
      drainMs: 0,
    });
    await submit(queue, { to: ['bob@example.net'] });
    expect(await operator.remove({}, false)).toEqual({ removed: 0, busy: 1 });
    await stop();
  });

  it('goes over any number, page by page', async () => {
    const { queue, store, operator, stop } = await startOperated({ maxRecipients: 2000 });
    const to = Array.from({ length: 1050 }, (_, n) => `r${n}@example.net`);
    await submit(queue, { to });
    expect(await operator.remove({}, false)).toEqual({ removed: 1050, busy: 0 });
    expect(store.usage()).toEqual({ messages: 0, recipients: 0, contentBytes: 0 });
    await stop();
  });
});
