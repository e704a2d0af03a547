import { describe, expect, it } from 'vitest';
import { createReply, enhancedStatus, NULL_PATH } from '@posthouse/mail';
import type { Mailbox, Notify, RcptParams, RecipientOutcome } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import { StoreError } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import {
  DELIVERED,
  eventKinds,
  HOST_DOWN,
  HOUR,
  NO_SUCH_USER,
  planByDomain,
  startQueue,
  submit,
  turn,
} from './queue-under-test.ts';
import type { QueueUnderTest, SeenAttempt, Setting } from './queue-under-test.ts';
import { withVerbs } from './faulty-store.ts';

const RELAYED: RecipientOutcome = {
  kind: 'relayed',
  status: enhancedStatus(2, 0, 0),
  reply: createReply(250, enhancedStatus(2, 0, 0), 'queued'),
  host: { name: 'mx.example.net' },
  notifies: false,
};
const RELAYED_WITH_DSN: RecipientOutcome = { ...RELAYED, notifies: true };
const ACCEPTED: RecipientOutcome = { kind: 'accepted', status: enhancedStatus(2, 6, 0) };

/** A queue in which bob's fate is given and everybody else gets his mail. */
function startWith(fate: RecipientOutcome, setting: Setting = {}): Promise<QueueUnderTest> {
  return startQueue({
    script: (address) => (address === 'bob@example.net' ? fate : DELIVERED),
    ...setting,
  });
}

function notificationsIn(attempts: readonly SeenAttempt[]): readonly SeenAttempt[] {
  return attempts.filter(({ attempt }) => attempt.message.reversePath === NULL_PATH);
}

/** Waits until what follows from the first attempt has been attempted as well. */
async function afterwards({ clock, store }: QueueUnderTest, ms: number): Promise<void> {
  await turn(50);
  await clock.advance(ms);
  await turn(50);
  expect(store.usage().recipients).toBeLessThanOrEqual(1);
}

describe('a notification to an alias', () => {
  it('goes to everybody whom the alias means', async () => {
    const finals = [mailbox('carol@example.org'), mailbox('dora@example.org')];
    const planner = { ...planByDomain, expand: () => finals };
    const under = await startWith(NO_SUCH_USER, { deps: { planner } });
    await submit(under.queue, { to: [{ address: 'bob@example.net', params: {} }] });
    await afterwards(under, HOUR);
    expect(notificationsIn(under.attempts).flatMap(({ addresses }) => addresses)).toEqual([
      'carol@example.org',
      'dora@example.org',
    ]);
    await under.stop();
  });
});

describe('news for the author', () => {
  const table: readonly (readonly [string, RecipientOutcome, Notify | undefined, string[]])[] = [
    ['a failure, unasked', NO_SUCH_USER, undefined, ['failed']],
    ['a failure, as asked', NO_SUCH_USER, ['failure'], ['failed']],
    ['no failure to who wants none', NO_SUCH_USER, 'never', []],
    ['no failure to who asked for success', NO_SUCH_USER, ['success'], []],
    ['no success unasked', DELIVERED, undefined, []],
    ['success, as asked', DELIVERED, ['success', 'failure'], ['delivered']],
    ['a relay to a host that does not notify', RELAYED, ['success'], ['relayed']],
    ['no relay to a host that notifies', RELAYED_WITH_DSN, ['success'], []],
    ['no relay to a queue, which notifies', ACCEPTED, ['success'], []],
    ['a delay after four hours, unasked', HOST_DOWN, undefined, ['delayed']],
    ['a delay, as asked', HOST_DOWN, ['delay'], ['delayed']],
    ['no delay to who asked for failure', HOST_DOWN, ['failure'], []],
  ];

  it.each(table)('is %s', async (_, fate, notify, actions) => {
    const under = await startWith(fate);
    const params: RcptParams = notify === undefined ? {} : { notify };
    await submit(under.queue, { to: [{ address: 'bob@example.net', params }] });
    await afterwards(under, 8 * HOUR);
    const told = notificationsIn(under.attempts);
    expect(told).toHaveLength(actions.length);
    for (const [place, action] of actions.entries()) {
      const notification = told[place];
      if (notification === undefined) continue;
      expect(notification.addresses).toEqual(['alice@example.test']);
      expect(notification.attempt.message.priority).toBe('notification');
      const text = await notification.text;
      expect(text).toContain(`Action: ${action}`);
      expect(text).toContain('Reporting-MTA: dns; mx.example.test');
      expect(text).toMatch(/Final-Recipient: rfc822; ?bob@example\.net/i);
    }
    await under.stop();
  });

  it('carries the peer’s words, ENVID, ORCPT and the header of the message', async () => {
    const under = await startWith(NO_SUCH_USER);
    const orcpt = { type: 'rfc822', address: 'robert@example.org' };
    await submit(under.queue, {
      to: [{ address: 'bob@example.net', params: { orcpt } }],
      params: { ret: 'HDRS' },
    });
    await afterwards(under, 0);
    const [notification] = notificationsIn(under.attempts);
    const text = notification === undefined ? '' : await notification.text;
    expect(text).toContain('no such user');
    expect(text).toContain('robert@example.org');
    expect(text).toContain('Message-ID: <one@example.test>');
    expect(text).not.toContain('\r\nHello\r\n');
    await under.stop();
  });

  it('is one notification for all recipients that share an attempt', async () => {
    const under = await startQueue({
      script: (address) => (address.endsWith('@example.net') ? NO_SUCH_USER : DELIVERED),
    });
    await submit(under.queue, { to: ['bob@example.net', 'carol@example.net', 'eve@example.org'] });
    await afterwards(under, 0);
    const told = notificationsIn(under.attempts);
    expect(told).toHaveLength(1);
    const [notification] = told;
    const text = notification === undefined ? '' : await notification.text;
    expect(text).toContain('bob@example.net');
    expect(text).toContain('carol@example.net');
    expect(text).not.toContain('eve@example.org');
    const { events } = await under.store.events(undefined, 100);
    const sent = events.filter(({ kind }) => kind === 'notification-sent');
    expect(sent.map(({ recipient }) => recipient)).toEqual([
      'bob@example.net',
      'carol@example.net',
    ]);
    expect(new Set(sent.map((event) => event.notification)).size).toBe(1);
    await under.stop();
  });
});

describe('a notification that fails', () => {
  it('causes no other', async () => {
    const under = await startQueue({ script: () => NO_SUCH_USER });
    await submit(under.queue, { to: ['bob@example.net'] });
    await afterwards(under, HOUR);
    expect(under.attempts.map(({ addresses }) => addresses)).toEqual([
      ['bob@example.net'],
      ['alice@example.test'],
    ]);
    expect(await eventKinds(under.store)).toEqual([
      'accepted',
      'failed',
      'notification-sent',
      'accepted',
      'failed',
    ]);
    await under.stop();
  });

  it('is told to the postmaster where there is one, and ends there', async () => {
    const under = await startQueue({
      script: () => NO_SUCH_USER,
      notifications: { postmaster: mailbox('postmaster@example.test') },
    });
    await submit(under.queue, { to: ['bob@example.net'] });
    await afterwards(under, HOUR);
    expect(under.attempts.map(({ addresses }) => addresses)).toEqual([
      ['bob@example.net'],
      ['alice@example.test'],
      ['postmaster@example.test'],
    ]);
    await under.stop();
  });
});

describe('a message whose content is damaged', () => {
  it('is reported without it', async () => {
    const store = withVerbs(createMemoryStore(), {
      open: () => {
        throw new StoreError('damaged', 'EIO');
      },
    });
    const under = await startWith(NO_SUCH_USER, { maxCachedContentBytes: 0, deps: { store } });
    await submit(under.queue, { to: ['bob@example.net'] });
    await turn(50);
    const { events } = await store.events(undefined, 10);
    expect(events.map(({ kind }) => kind)).toContain('notification-sent');
    await under.stop();
  });
});

describe('news that cannot be put into words', () => {
  /** A planner that fails for the author, and so for every notification to him. */
  const faulty = {
    planner: {
      plan: ({ localPart, domain: lane }: Mailbox) => {
        if (localPart === 'alice') throw new RangeError('a bug');
        return { lane, site: lane };
      },
    },
  };

  it('keep a failure in the queue, until its author can be told', async () => {
    const under = await startWith(NO_SUCH_USER, { deps: faulty });
    await submit(under.queue, { to: ['bob@example.net'] });
    await turn(20);
    const [entry] = await under.store.list({}, { limit: 10 });
    expect(entry?.recipient.lastReason).toBe(
      'Its author could not be told: 550 5.1.1 no such user',
    );
    await under.clock.advance(HOUR);
    expect(under.attempts).toHaveLength(2);
    await under.stop();
  });

  it('do not have anything delivered twice', async () => {
    const under = await startWith(DELIVERED, { deps: faulty });
    await submit(under.queue, {
      to: [{ address: 'bob@example.net', params: { notify: ['success'] } }],
    });
    await under.clock.advance(HOUR);
    expect(under.attempts).toHaveLength(1);
    expect(await eventKinds(under.store)).toEqual(['accepted', 'delivered']);
    await under.stop();
  });
});
