/** The contract of leases: begin, renew, recover, claimSelected, conclude and its fence. */
import { describe, expect, it } from 'vitest';
import { createReply } from '@posthouse/mail';
import type { RecipientRecord } from '../record.ts';
import type { Conclusion, RecipientChange, Store } from '../store.ts';
import {
  again,
  claim,
  done,
  leased,
  listed,
  MINUTE,
  names,
  NOW,
  recipientsOf,
  sampleEvent,
  sampleMessage,
} from './sample-messages.ts';
import type { SampleRecipient } from './sample-messages.ts';
import type { Using } from './store-under-test.ts';

const SELECTED = { owner: 'operator', now: NOW, leaseUntil: NOW + MINUTE, limit: 10 };

export function describeLeases(using: Using): void {
  describe('a lease', () => {
    it('ends by itself, and the next one has a larger token and knows of the attempt', () =>
      using(async ({ store }) => {
        const first = await acceptAndClaim(store, ['bob@example.test']);
        expect(await claim(store, { now: NOW + MINUTE - 1 })).toEqual([]);
        const [second] = await claim(store, { now: NOW + MINUTE });
        expect(second?.attempts).toBe(2);
        expect(second?.lease?.token).toBeGreaterThan(leased(first[0]).token);
      }));

    it('is good for a conclusion until another one is granted', () =>
      using(async ({ store }) => {
        const [bob] = await acceptAndClaim(store, ['bob@example.test']);
        if (bob === undefined) throw new TypeError('one was due');
        expect(await store.conclude([unit(done(bob))])).toEqual(['done']);
        expect(await store.conclude([unit(done(bob))])).toEqual(['stale']);
      }));

    it('fences a late writer off, with all of its unit and nothing else', () =>
      using(async ({ store }) => {
        const [bob, carol, dave] = await acceptAndClaim(store, [
          'bob@example.test',
          'carol@example.test',
          'dave@example.test',
        ]);
        if (bob === undefined || carol === undefined || dave === undefined) throw new TypeError();
        await store.renew([leased(carol), leased(dave)], NOW + 9 * MINUTE);
        await claim(store, { now: NOW + MINUTE }); // bob is another's now
        const notification = sampleMessage({ recipients: ['author@example.test'] });
        const late: Conclusion = {
          changes: [done(carol), done(bob)],
          events: [sampleEvent(carol, 'failed'), sampleEvent(bob, 'failed')],
          messages: [notification],
        };
        expect(await store.conclude([late, unit(done(dave))])).toEqual(['stale', 'done']);
        expect(await listed(store)).toEqual(['bob', 'carol']);
        expect(await store.message(notification.message.id)).toBeUndefined();
        const { events } = await store.events(undefined, 100);
        expect(events.map((event) => event.kind)).toEqual(['accepted', 'accepted', 'accepted']);
      }));

    it('can be renewed while it is the last one', () =>
      using(async ({ store }) => {
        const [bob, carol] = await acceptAndClaim(store, ['bob@example.test', 'carol@a.test']);
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        await store.conclude([unit(done(carol))]);
        const until = NOW + 5 * MINUTE;
        expect(await store.renew([leased(bob), leased(carol)], until)).toEqual([key(bob)]);
        expect(await claim(store, { now: until - 1 })).toEqual([]);
        expect(names(await claim(store, { now: until }))).toEqual(['bob']);
        expect(await store.renew([leased(bob)], NOW + 9 * MINUTE)).toEqual([]);
      }));

    it('says what has begun, and when the next attempt comes if this one dies', () =>
      using(async ({ store }) => {
        const [bob, carol] = await acceptAndClaim(store, ['bob@a.test', 'carol@b.test']);
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        await store.conclude([unit(done(carol))]);
        const dueAt = NOW + 10 * MINUTE;
        const begun = await store.begin([
          { ...leased(bob), dueAt },
          { ...leased(carol), dueAt },
        ]);
        expect(begun).toEqual([key(bob)]);
        const [entry] = await store.list({}, { limit: 1 });
        expect(entry?.recipient).toMatchObject({ dueAt, lease: { begun: true } });
        expect(await claim(store, { now: dueAt - 1 })).toEqual([]);
        expect(names(await claim(store, { now: dueAt }))).toEqual(['bob']);
      }));
  });
}

export function describeRecover(using: Using): void {
  describe('recover', () => {
    it('makes due at once what never began, and at its own time what began', () =>
      using(async (under) => {
        const [bob, carol] = await acceptAndClaim(under.store, ['bob@a.test', 'carol@b.test']);
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        await under.store.begin([{ ...leased(carol), dueAt: NOW + 5 * MINUTE }]);
        const store = await under.reopen();
        expect(await claim(store)).toEqual([]);
        await store.recover('relay-1', NOW);
        const [second] = await claim(store, { owner: 'relay-2' });
        expect(second?.forwardPath.localPart).toBe('bob');
        expect(second?.attempts).toBe(2); // so the second is known to be a repeat
        expect(await claim(store, { now: NOW + 5 * MINUTE - 1, excludeLanes: ['a.test'] })).toEqual(
          [],
        );
        const [third] = await claim(store, { now: NOW + 5 * MINUTE, excludeLanes: ['a.test'] });
        expect(third).toMatchObject({ attempts: 2, forwardPath: { localPart: 'carol' } });
      }));

    it('is about one owner alone, and fences that one off', () =>
      using(async ({ store }) => {
        const [bob] = await acceptAndClaim(store, ['bob@a.test']);
        await store.accept([sampleMessage({ recipients: ['carol@b.test'] })]);
        const [carol] = await claim(store, { owner: 'relay-2' });
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        await store.recover('relay-1', NOW);
        expect(await store.conclude([unit(done(bob)), unit(done(carol))])).toEqual([
          'stale',
          'done',
        ]);
        expect(await listed(store)).toEqual(['bob']);
      }));
  });
}

export function describeSelected(using: Using): void {
  describe('claimSelected', () => {
    it('leases what it is told to, due or not, held or not, but not what is leased', () =>
      using(async ({ store }) => {
        await acceptAndClaim(store, ['busy@example.test']);
        await store.accept([
          sampleMessage({
            recipients: [
              'due@example.test',
              { address: 'later@example.test', dueAt: NOW + MINUTE },
              { address: 'held@example.test', state: 'held' },
              'other@elsewhere.test',
            ],
          }),
        ]);
        const { claimed, busy, next } = await store.claimSelected(
          { domain: 'example.test' },
          SELECTED,
        );
        expect(names(recipientsOf(claimed))).toEqual(['due', 'later', 'held']);
        expect(recipientsOf(claimed).map((one) => one.lease?.owner)).toEqual(
          Array.from({ length: 3 }, () => 'operator'),
        );
        expect(busy).toBe(1);
        expect(next).toBeUndefined();
        expect(names(await claim(store))).toEqual(['other']);
      }));

    it('goes on where a page ended', () =>
      using(async ({ store }) => {
        await store.accept(
          [1, 2, 3].map((n) => sampleMessage({ recipients: [`a${n}@a.test`, `b${n}@a.test`] })),
        );
        const first = await store.claimSelected({}, { ...SELECTED, limit: 4 });
        if (first.next === undefined) throw new TypeError('there is more');
        const second = await store.claimSelected({}, { ...SELECTED, limit: 4, after: first.next });
        expect(names(recipientsOf(first.claimed))).toEqual(['a1', 'b1', 'a2', 'b2']);
        expect(names(recipientsOf(second.claimed))).toEqual(['a3', 'b3']);
        expect(second.next).toBeUndefined();
      }));

    it('takes out in one step, with the notification that goes with it', () =>
      using(async ({ store }) => {
        await store.accept([
          sampleMessage({ recipients: [{ address: 'bob@a.test', state: 'held' }] }),
        ]);
        const { claimed } = await store.claimSelected({}, SELECTED);
        const [bob] = recipientsOf(claimed);
        if (bob === undefined) throw new TypeError('one was selected');
        const notification = sampleMessage({ recipients: ['author@b.test'], reversePath: '<>' });
        const removal: Conclusion = {
          changes: [done(bob)],
          events: [sampleEvent(bob, 'removed')],
          messages: [notification],
        };
        expect(await store.conclude([removal])).toEqual(['done']);
        expect(await listed(store)).toEqual(['author']);
      }));
  });
}

export function describeConclude(using: Using): void {
  describe('conclude', () => {
    it('takes a decided recipient out, and the message with its last one', () =>
      using(async ({ store }) => {
        const [bob, carol] = await acceptAndClaim(store, ['bob@a.test', 'carol@b.test']);
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        await store.conclude([unit(done(bob))]);
        expect(await store.message(bob.message)).toBeDefined();
        await store.conclude([unit(done(carol))]);
        expect(await store.message(bob.message)).toBeUndefined();
        expect(await listed(store)).toEqual([]);
      }));

    it('puts a notification in with the very change that calls for it', () =>
      using(async ({ store }) => {
        const [bob] = await acceptAndClaim(store, ['bob@a.test']);
        if (bob === undefined) throw new TypeError('one was due');
        const notification = sampleMessage({
          priority: 'notification',
          reversePath: '<>',
          recipients: ['author@b.test'],
        });
        const failed = { ...unit(done(bob)), messages: [notification] };
        expect(await store.conclude([{ ...failed, events: [sampleEvent(bob, 'failed')] }])).toEqual(
          ['done'],
        );
        expect(names(await claim(store))).toEqual(['author']);
        const { events } = await store.events(undefined, 100);
        expect(events.map((event) => event.kind)).toEqual(['accepted', 'failed', 'accepted']);
      }));

    it('writes down how an attempt ended, in place of what was there', () =>
      using(async ({ store }) => {
        const [bob] = await acceptAndClaim(store, ['bob@a.test']);
        if (bob === undefined) throw new TypeError('one was due');
        const lastReply = createReply(450, undefined, 'not now', 'try again');
        const facts = { lastReason: 'not now', lastReply, delayTold: true, dueAt: NOW + 5 };
        await store.conclude([unit(again(bob, { ...facts, lane: 'mx.test', site: 'big' }))]);
        const { lease: _ended, ...rest } = bob;
        const entries = await store.list({}, { limit: 1 });
        expect(entries[0]?.recipient).toEqual({ ...rest, ...facts, lane: 'mx.test', site: 'big' });
        expect(await claim(store, { now: NOW + 5, excludeLanes: ['mx.test'] })).toEqual([]);
        const [second] = await claim(store, { now: NOW + 5, onlyLanes: ['mx.test'] });
        if (second === undefined) throw new TypeError('one was due');
        await store.conclude([unit(again(second))]);
        const after = await store.list({}, { limit: 1 });
        expect(after[0]?.recipient).not.toHaveProperty('lastReason');
        expect(after[0]?.recipient).not.toHaveProperty('lastReply');
      }));

    it('does not count an attempt that never began', () =>
      using(async ({ store }) => {
        const [bob] = await acceptAndClaim(store, ['bob@a.test']);
        if (bob === undefined) throw new TypeError('one was due');
        await store.conclude([unit(again(bob, { counts: false, dueAt: NOW }))]);
        const [second] = await claim(store);
        expect(second?.attempts).toBe(1);
        expect(leased(second).token).toBeGreaterThan(leased(bob).token);
      }));

    it('answers many units at once, each by itself', () =>
      using(async ({ store }) => {
        const crowd = Array.from({ length: 200 }, (_, n) => `r${n}@a.test`);
        const recipients = await acceptAndClaim(store, crowd);
        const results = await Promise.all(
          recipients.map((recipient, n) =>
            store.conclude([unit(n % 3 === 0 ? again(recipient) : done(recipient))]),
          ),
        );
        expect(results.flat()).toEqual(recipients.map(() => 'done'));
        expect(store.usage().recipients).toBe(67);
      }));
  });
}

async function acceptAndClaim(
  store: Store,
  recipients: readonly (SampleRecipient | string)[],
): Promise<readonly RecipientRecord[]> {
  await store.accept([sampleMessage({ recipients })]);
  const claimed = await claim(store);
  return claimed.toSorted((a, b) => a.index - b.index);
}

function unit(...changes: readonly RecipientChange[]): Conclusion {
  return { changes, events: [], messages: [] };
}

function key({ message, index }: RecipientRecord) {
  return { message, index };
}
