/** The contract of handing out work: claim, rests of lanes, the next due time. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../store.ts';
import {
  again,
  claim,
  claimRequest,
  done,
  MINUTE,
  names,
  NOW,
  recipientsOf,
  sampleMessage,
} from './sample-messages.ts';
import type { SampleMessage } from './sample-messages.ts';
import type { Using } from './store-under-test.ts';

export function describeClaim(using: Using): void {
  describe('claim', () => {
    it('leases what is due and nothing else, grouped by message, content apart', () =>
      using(async ({ store }) => {
        const sample = sampleMessage({
          recipients: [
            'bob@example.test',
            { address: 'later@example.test', dueAt: NOW + 1 },
            { address: 'held@example.test', state: 'held' },
            'carol@example.test',
          ],
        });
        await store.accept([sample]);
        const claimed = await store.claim(claimRequest({ owner: 'relay-7' }));
        expect(claimed.map(({ message }) => message.id)).toEqual([sample.message.id]);
        expect(claimed[0]?.message.content).toEqual({ kind: 'kept' });
        expect(names(recipientsOf(claimed))).toEqual(['bob', 'carol']);
        const lease = { owner: 'relay-7', token: 1, until: NOW + MINUTE, begun: false };
        for (const recipient of recipientsOf(claimed)) {
          expect(recipient).toMatchObject({ attempts: 1, lease });
        }
        expect(await claim(store)).toEqual([]);
        expect(names(await claim(store, { now: NOW + 1 }))).toEqual(['later']);
      }));

    it('goes by priority first and due time second', () =>
      using(async ({ store }) => {
        await acceptAll(store, [
          { priority: 'bulk', recipients: [{ address: 'bulk@example.test', dueAt: NOW - 90 }] },
          { recipients: [{ address: 'second@example.test', dueAt: NOW - 10 }] },
          { recipients: [{ address: 'first@example.test', dueAt: NOW - 20 }] },
          {
            priority: 'notification',
            recipients: [{ address: 'dsn@other.test', dueAt: NOW }],
          },
        ]);
        const order: string[] = [];
        for (let n = 0; n < 4; n += 1) order.push(...names(await claim(store, { limit: 1 })));
        expect(order).toEqual(['dsn', 'first', 'second', 'bulk']);
      }));

    it('goes on when the clock was put back', () =>
      using(async ({ store }) => {
        await acceptAll(store, [
          { recipients: [{ address: 'now@a.test', dueAt: NOW }] },
          { recipients: [{ address: 'soon@a.test', dueAt: NOW + 10 * MINUTE }] },
          { recipients: [{ address: 'resting@b.test', dueAt: NOW }] },
          { recipients: [{ address: 'held@c.test', dueAt: NOW + MINUTE, state: 'held' }] },
        ]);
        await store.deferLane('b.test', NOW + 30 * MINUTE);
        expect(names(await claim(store))).toEqual(['now']);
        const now = NOW - 24 * 60 * MINUTE;
        expect(await claim(store, { now, leaseUntil: now + MINUTE })).toEqual([]);
        expect(await store.nextDueAt([])).toBe(now + 10 * MINUTE);
        const later = now + 10 * MINUTE;
        const leaseUntil = later + 60 * MINUTE;
        expect(names(await claim(store, { now: later, leaseUntil }))).toEqual(['soon']);
        expect(names(await claim(store, { now: now + 30 * MINUTE }))).toEqual(['resting']);
      }));

    it.each(['interactive', 'bulk'] as const)(
      'comes to %s mail however much that is better keeps coming',
      (priority) =>
        using(async ({ store }) => {
          await store.accept([sampleMessage({ priority, recipients: ['patient@a.test'] })]);
          const served: string[] = [];
          for (let n = 0; n < 8; n += 1) {
            await acceptAll(store, [
              { priority: 'notification', recipients: ['dsn@a.test', 'dsn@b.test'] },
              ...(priority === 'bulk' ? [{ recipients: ['eager@a.test', 'eager@b.test'] }] : []),
            ]);
            served.push(...names(await claim(store, { limit: 2 })));
          }
          expect(served).toContain('patient');
          expect(served.filter((name) => name === 'dsn').length).toBeGreaterThanOrEqual(12);
        }),
    );

    it('takes no more than the limit in all and the limit for each lane', () =>
      using(async ({ store }) => {
        await acceptAll(store, [
          { recipients: crowd(10, 'long.test') },
          { recipients: crowd(2, 'short.test') },
        ]);
        const first = await claim(store, { perLaneLimit: 3 });
        expect(countBy(first.map((recipient) => recipient.lane))).toEqual({
          'long.test': 3,
          'short.test': 2,
        });
        expect(await claim(store, { limit: 4 })).toHaveLength(4);
        expect(await claim(store)).toHaveLength(3);
      }));

    it('counts the lane’s limit over all priorities', () =>
      using(async ({ store }) => {
        await acceptAll(store, [
          { priority: 'notification', recipients: crowd(2, 'example.test') },
          { priority: 'interactive', recipients: crowd(2, 'example.test') },
          { priority: 'bulk', recipients: crowd(2, 'example.test') },
        ]);
        expect(await claim(store, { perLaneLimit: 3 })).toHaveLength(3);
      }));

    it('lets a long lane starve nobody', () =>
      using(async ({ store }) => {
        await acceptAll(store, [
          { recipients: crowd(500, 'long.test', NOW - 1000) },
          ...Array.from({ length: 8 }, (_, n) => ({ recipients: crowd(1, `short-${n}.test`) })),
        ]);
        const lanes = (await claim(store, { limit: 20, perLaneLimit: 10 })).map(
          (recipient) => recipient.lane,
        );
        expect(new Set(lanes).size).toBe(9);
      }));

    it('lets lanes take turns, however small the limit', () =>
      using(async ({ store }) => {
        await acceptAll(store, [
          { recipients: crowd(9, 'a.test', NOW - 1000) },
          { recipients: crowd(9, 'b.test', NOW - 500) },
          { recipients: crowd(9, 'c.test') },
        ]);
        const lanes: string[] = [];
        for (let n = 0; n < 6; n += 1) {
          const [one] = await claim(store, { limit: 1, now: NOW + n });
          lanes.push(one?.lane ?? '');
        }
        expect(countBy(lanes)).toEqual({ 'a.test': 2, 'b.test': 2, 'c.test': 2 });
      }));

    it('leaves excluded lanes and sites alone, and takes only the lanes that are named', () =>
      using(async ({ store }) => {
        const site = (n: number) => ({ address: `x@a${n}.test`, site: 'provider', dueAt: NOW - 9 });
        await acceptAll(store, [
          { recipients: Array.from({ length: 50 }, (_, n) => site(n)) },
          { recipients: ['b@b.test', 'c@c.test', 'd@d.test'] },
        ]);
        expect(
          names(
            await claim(store, {
              limit: 5,
              excludeSites: ['provider', 'unknown'],
              excludeLanes: ['c.test', 'unknown'],
            }),
          ),
        ).toEqual(expect.arrayContaining(['b', 'd']));
        expect(
          await claim(store, { excludeSites: ['provider'], excludeLanes: ['c.test'] }),
        ).toEqual([]);
        expect(names(await claim(store, { onlyLanes: ['c.test', 'b.test', 'unknown'] }))).toEqual([
          'c',
        ]);
        expect(await claim(store, { onlyLanes: ['a0.test'], excludeSites: ['provider'] })).toEqual(
          [],
        );
        expect(await claim(store, { limit: 30 })).toHaveLength(30);
        expect(await claim(store)).toHaveLength(20);
      }));
  });
}

export function describeRest(using: Using): void {
  describe('a lane at rest', () => {
    it('is not claimed before its time, and the last word about it holds', () =>
      using(async ({ store }) => {
        await acceptAll(store, [{ recipients: ['bob@a.test', 'carol@b.test'] }]);
        await store.deferLane('a.test', NOW + 5 * MINUTE);
        await store.deferLane('a.test', NOW + MINUTE);
        expect(names(await claim(store))).toEqual(['carol']);
        expect(await claim(store, { onlyLanes: ['a.test'] })).toEqual([]);
        expect(names(await claim(store, { now: NOW + MINUTE, limit: 1 }))).toEqual(['bob']);
      }));

    it('can be woken early', () =>
      using(async ({ store }) => {
        await acceptAll(store, [{ recipients: ['bob@a.test'] }]);
        await store.deferLane('a.test', NOW + 5 * MINUTE);
        expect(await claim(store)).toEqual([]);
        await store.deferLane('a.test', 0);
        expect(names(await claim(store))).toEqual(['bob']);
      }));

    it('keeps those who come later waiting too, and through a restart', () =>
      using(async (under) => {
        await under.store.deferLane('a.test', NOW + MINUTE);
        await acceptAll(under.store, [{ recipients: ['bob@a.test'] }]);
        const store = await under.reopen();
        await acceptAll(store, [{ recipients: ['carol@a.test'] }]);
        expect(await claim(store)).toEqual([]);
        expect(await claim(store, { now: NOW + MINUTE })).toHaveLength(2);
      }));

    it('hides nobody behind it, however many stand in it', () =>
      using(async ({ store }) => {
        await acceptAll(store, [
          { recipients: crowd(2000, 'dead.test', NOW - MINUTE), priority: 'notification' },
          { recipients: ['bob@b.test'], priority: 'bulk' },
        ]);
        await store.deferLane('dead.test', NOW + MINUTE);
        expect(names(await claim(store, { limit: 10 }))).toEqual(['bob']);
      }));
  });
}

export function describeNextDue(using: Using): void {
  describe('nextDueAt', () => {
    it('is when claim would find something', () =>
      using(async ({ store }) => {
        expect(await store.nextDueAt([])).toBeUndefined();
        await acceptAll(store, [
          {
            recipients: [
              { address: 'bob@a.test', dueAt: NOW + 10 },
              { address: 'carol@b.test', dueAt: NOW + 20, site: 'provider' },
              { address: 'dave@c.test', dueAt: NOW + 30 },
              { address: 'held@d.test', dueAt: NOW, state: 'held' },
            ],
          },
        ]);
        expect(await store.nextDueAt([])).toBe(NOW + 10);
        expect(await store.nextDueAt(['a.test'])).toBe(NOW + 20);
        expect(await store.nextDueAt(['a.test'], ['provider'])).toBe(NOW + 30);
        expect(await store.nextDueAt(['a.test', 'b.test', 'c.test', 'd.test'])).toBeUndefined();
        await store.deferLane('a.test', NOW + 25);
        expect(await store.nextDueAt([])).toBe(NOW + 20);
        await store.deferLane('b.test', NOW + MINUTE);
        expect(await store.nextDueAt([])).toBe(NOW + 25);
      }));

    it('is the lease’s end for what is leased, and follows every change', () =>
      using(async ({ store }) => {
        await acceptAll(store, [{ recipients: ['bob@a.test', 'carol@a.test'] }]);
        expect(await store.nextDueAt([])).toBeLessThanOrEqual(NOW);
        const [bob, carol] = await claim(store);
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        expect(await store.nextDueAt([])).toBe(NOW + MINUTE);
        await store.conclude([
          { changes: [again(bob, { dueAt: NOW + 9 })], events: [], messages: [] },
        ]);
        expect(await store.nextDueAt([])).toBe(NOW + 9);
        const [second] = await claim(store, { now: NOW + 9, leaseUntil: NOW + 10 });
        if (second === undefined) throw new TypeError('one was due');
        await store.conclude([{ changes: [done(second)], events: [], messages: [] }]);
        expect(await store.nextDueAt([])).toBe(NOW + MINUTE);
        await store.conclude([{ changes: [done(carol)], events: [], messages: [] }]);
        expect(await store.nextDueAt([])).toBeUndefined();
      }));
  });
}

async function acceptAll(store: Store, samples: readonly SampleMessage[]): Promise<void> {
  await store.accept(samples.map(sampleMessage));
}

function crowd(count: number, domain: string, dueAt: number = NOW) {
  return Array.from({ length: count }, (_, n) => ({ address: `r${n}@${domain}`, dueAt }));
}

function countBy(texts: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}
