import { describe, expect, it } from 'vitest';
import { formatMailbox, NULL_PATH } from '@posthouse/mail';
import {
  DAY,
  DELIVERED,
  eventKinds,
  GREYLISTED,
  HOST_DOWN,
  HOUR,
  MINUTE,
  NO_SUCH_USER,
  settle,
  startQueue,
  submit,
} from './queue-under-test.ts';

describe('a recipient that is greylisted', () => {
  it('is tried again soon, as a repeat with the same delivery id, and then relayed', async () => {
    let says = GREYLISTED;
    const { queue, store, clock, attempts, stop } = await startQueue({ script: () => says });
    const id = await submit(queue, { to: ['bob@example.net'] });
    await clock.advance(MINUTE);
    expect(attempts).toHaveLength(1);
    await clock.advance(MINUTE);
    expect(attempts).toHaveLength(2);
    says = DELIVERED;
    await clock.advance(4 * MINUTE);
    expect(attempts.map(({ repeat }) => repeat)).toEqual([false, true, true]);
    expect(attempts.map(({ attempt }) => attempt.context.delivery?.id)).toEqual([id, id, id]);
    expect(await eventKinds(store)).toEqual(['accepted', 'attempted', 'attempted', 'delivered']);
    expect(store.usage().recipients).toBe(0);
    await stop();
  });

  it('keeps the peer’s words in its record and in the event', async () => {
    const { queue, store, clock, stop } = await startQueue({ script: () => GREYLISTED });
    await submit(queue, { to: ['bob@example.net'] });
    await settle(clock);
    const [entry] = await store.list({}, { limit: 10 });
    expect(entry?.recipient).toMatchObject({
      state: 'queued',
      attempts: 1,
      dueAt: clock.now() + 2 * MINUTE,
      lastReason: '451 4.7.1 greylisted, try later',
      lastReply: { code: 451 },
    });
    const { events } = await store.events(undefined, 10);
    expect(events[1]).toMatchObject({
      kind: 'attempted',
      recipient: 'bob@example.net',
      reply: { code: 451 },
      host: { name: 'mx.example.net' },
      dueAt: clock.now() + 2 * MINUTE,
    });
    await stop();
  });
});

describe('a recipient of whom nothing is heard for five days', () => {
  it('is attempted again and again, its author told once of the delay and once of the end', async () => {
    const { queue, store, clock, attempts, stop } = await startQueue({
      script: (address) => (address === 'alice@example.test' ? DELIVERED : HOST_DOWN),
    });
    await submit(queue, { to: ['bob@example.net'] });
    const start = clock.now();
    await clock.advance(6 * DAY);

    const toBob = attempts.filter(({ addresses }) => addresses.includes('bob@example.net'));
    expect(toBob.length).toBeGreaterThan(35);
    expect(toBob.length).toBeLessThan(60);
    expect(toBob.at(-1)?.at).toBe(start + 5 * DAY);
    const gaps = toBob.slice(1).map(({ at }, n) => at - (toBob[n]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3 * HOUR);

    const told = attempts.filter(({ attempt }) => attempt.message.reversePath === NULL_PATH);
    expect(told.map(({ addresses }) => addresses)).toEqual([
      ['alice@example.test'],
      ['alice@example.test'],
    ]);
    expect(told[0]?.at).toBeGreaterThanOrEqual(start + 4 * HOUR);
    expect(told[0]?.at).toBeLessThan(start + 7 * HOUR);
    expect(told[1]?.at).toBeGreaterThanOrEqual(start + 5 * DAY);

    const kinds = await eventKinds(store);
    expect(kinds.filter((kind) => kind === 'notification-sent')).toHaveLength(2);
    expect(kinds.filter((kind) => kind === 'expired')).toHaveLength(1);
    expect(store.usage()).toEqual({ messages: 0, recipients: 0, contentBytes: 0 });
    await stop();
  });
});

describe('recipients of one message', () => {
  it('go together in one attempt for each lane, and part with their fates', async () => {
    const { queue, clock, attempts, stop } = await startQueue({
      script: (address, { context }) =>
        address.startsWith('late') && context.delivery?.repeat === false
          ? GREYLISTED
          : address.startsWith('nobody')
            ? NO_SUCH_USER
            : DELIVERED,
    });
    await submit(queue, {
      to: [
        'bob@a.test',
        'late@a.test',
        'nobody@a.test',
        'carol@b.test',
        'later@b.test',
        'late@a.test',
      ],
    });
    await clock.advance(HOUR);
    const ofMessage = attempts.filter(({ attempt }) => attempt.message.reversePath !== NULL_PATH);
    expect(ofMessage.map(({ addresses }) => addresses)).toEqual([
      ['bob@a.test', 'late@a.test', 'nobody@a.test', 'late@a.test'],
      ['carol@b.test', 'later@b.test'],
      ['later@b.test'],
      ['late@a.test', 'late@a.test'],
    ]);
    await stop();
  });

  it('are split at the limit for one attempt', async () => {
    const { queue, clock, attempts, stop } = await startQueue({
      concurrency: { maxRecipientsPerAttempt: 4 },
    });
    const to = Array.from({ length: 10 }, (_, n) => `r${n}@a.test`);
    await submit(queue, { to });
    await settle(clock);
    expect(attempts.map(({ addresses }) => addresses.length)).toEqual([4, 4, 2]);
    expect(attempts.flatMap(({ addresses }) => addresses)).toEqual(to);
    await stop();
  });
});

describe('a fault of the transmitter', () => {
  it('delays its recipients, whatever it throws', async () => {
    const { queue, store, clock, stop } = await startQueue({
      script: () => {
        throw new RangeError('a bug');
      },
    });
    await submit(queue, { to: ['bob@example.net', 'carol@example.net'] });
    await settle(clock);
    const entries = await store.list({}, { limit: 10 });
    expect(entries.map(({ recipient }) => recipient.dueAt - clock.now())).toEqual([
      5 * MINUTE,
      5 * MINUTE,
    ]);
    expect(entries.map(({ recipient }) => formatMailbox(recipient.forwardPath))).toEqual([
      'bob@example.net',
      'carol@example.net',
    ]);
    await stop();
  });

  it('that never comes back is ended at the deadline, in doubt', async () => {
    const { queue, store, clock, attempts, stop } = await startQueue({
      script: () => new Promise(() => undefined),
      attemptTimeoutMs: 10 * MINUTE,
    });
    await submit(queue, { to: ['bob@example.net'] });
    await clock.advance(11 * MINUTE);
    expect(attempts[0]?.attempt.signal.aborted).toBe(true);
    const { events } = await store.events(undefined, 10);
    expect(events[1]).toMatchObject({ kind: 'attempted', inDoubt: true, status: { class: 4 } });
    await stop();
  });
});
