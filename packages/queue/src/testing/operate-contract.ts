/** The contract of looking and stepping in: list, summary, intervene. */
import { describe, expect, it } from 'vitest';
import type { RecipientKey } from '../record.ts';
import type { Intervention, Selection, Store } from '../store.ts';
import {
  again,
  claim,
  listed,
  MINUTE,
  names,
  NOW,
  nextId,
  sampleMessage,
} from './sample-messages.ts';
import type { Using } from './store-under-test.ts';

export function describeLists(using: Using): void {
  describe('list', () => {
    it('finds by each condition, and by all together', () =>
      using(async ({ store }) => {
        const id = nextId();
        await store.accept([
          sampleMessage({
            id,
            reversePath: 'Alice@Example.test',
            recipients: ['bob@a.test', { address: 'carol@b.test', state: 'held' }],
          }),
          sampleMessage({
            reversePath: '<>',
            acceptedAt: NOW + 10,
            recipients: ['Bob@a.test', '"d d"@b.test'],
          }),
        ]);
        const cases: readonly (readonly [Selection, readonly string[]])[] = [
          [{}, ['bob', 'carol', 'Bob', 'd d']],
          [{ message: id }, ['bob', 'carol']],
          [{ message: id, index: 1 }, ['carol']],
          [{ index: 0 }, ['bob', 'Bob']],
          [{ state: 'held' }, ['carol']],
          [{ state: 'queued' }, ['bob', 'Bob', 'd d']],
          [{ domain: 'b.test' }, ['carol', 'd d']],
          [{ reversePath: 'alice@example.test' }, ['bob', 'carol']],
          [{ reversePath: '<>' }, ['Bob', 'd d']],
          [{ recipient: 'bob@A.test' }, ['bob', 'Bob']],
          [{ recipient: '"d d"@b.test' }, ['d d']],
          [{ acceptedBefore: NOW + 10 }, ['bob', 'carol']],
          [{ acceptedBefore: NOW }, []],
          [{ domain: 'a.test', reversePath: '<>', state: 'queued' }, ['Bob']],
          [{ message: nextId() }, []],
        ];
        for (const [selection, expected] of cases) {
          expect(await listed(store, selection), JSON.stringify(selection)).toEqual(expected);
        }
      }));

    it('finds what is attempted now', () =>
      using(async ({ store }) => {
        await store.accept([
          sampleMessage({
            recipients: ['a@a.test', { address: 'b@a.test', dueAt: NOW + MINUTE }, 'c@b.test'],
          }),
        ]);
        expect(await listed(store, { leasedAt: NOW })).toEqual([]);
        await claim(store);
        expect(await listed(store, { leasedAt: NOW })).toEqual(['a', 'c']);
        expect(await listed(store, { leasedAt: NOW, domain: 'b.test' })).toEqual(['c']);
        expect(await listed(store, { leasedAt: NOW + MINUTE })).toEqual([]);
      }));

    it('goes page by page, and past what has left meanwhile', () =>
      using(async ({ store }) => {
        await store.accept(
          Array.from({ length: 5 }, (_, n) =>
            sampleMessage({ recipients: [`a${n}@a.test`, `b${n}@b.test`] }),
          ),
        );
        const seen: string[] = [];
        let after: RecipientKey | undefined;
        for (;;) {
          const page = await store.list(
            {},
            { limit: 3, ...(after === undefined ? {} : { after }) },
          );
          seen.push(...names(page.map((entry) => entry.recipient)));
          const last = page.at(-1)?.recipient;
          if (last === undefined) break;
          after = { message: last.message, index: last.index };
        }
        expect(seen).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'a4', 'b4']);
        expect(await store.list({}, { limit: 9, after: { message: nextId(), index: 0 } })).toEqual(
          [],
        );
      }));
  });

  describe('summary', () => {
    it('tells of each domain', () =>
      using(async ({ store }) => {
        expect(await store.summary(NOW)).toEqual([]);
        await store.accept([
          sampleMessage({
            acceptedAt: NOW + 1,
            recipients: [
              { address: 'a@a.test', dueAt: NOW + 5 },
              { address: 'b@a.test', dueAt: NOW + 3, state: 'held' },
              { address: 'c@b.test', state: 'held' },
            ],
          }),
          sampleMessage({
            acceptedAt: NOW + 2,
            recipients: [{ address: 'd@a.test', dueAt: NOW + 4, lane: 'elsewhere' }],
          }),
        ]);
        const young = [0, 0, 0, 0, 0, 0];
        expect(await store.summary(NOW + 3)).toEqual([
          {
            domain: 'a.test',
            recipients: 3,
            held: 1,
            oldestAcceptedAt: NOW + 1,
            ages: [3, ...young],
            nextDueAt: NOW + 4,
          },
          {
            domain: 'b.test',
            recipients: 1,
            held: 1,
            oldestAcceptedAt: NOW + 1,
            ages: [1, ...young],
          },
        ]);
      }));

    it('counts by age, and tells rests and the last words of the oldest', () =>
      using(async ({ store }) => {
        const ages = [1, 10, 60, 300, 1000, 2000, 5000, 6000];
        await store.accept(
          ages.map((minutes) =>
            sampleMessage({
              acceptedAt: NOW - minutes * MINUTE,
              recipients: [{ address: `after${minutes}@a.test`, dueAt: NOW }],
            }),
          ),
        );
        const tried = (await claim(store)).filter(({ forwardPath: { localPart } }) =>
          ['after10', 'after300'].includes(localPart),
        );
        const changes = tried.map((one) =>
          again(one, { dueAt: NOW + 9, lastReason: `of ${one.forwardPath.localPart}` }),
        );
        await store.conclude([{ changes, events: [], messages: [] }]);
        await store.deferLane('a.test', NOW + MINUTE);
        expect(await store.summary(NOW)).toMatchObject([
          {
            ages: [1, 1, 1, 1, 1, 1, 2],
            nextDueAt: NOW + 9,
            restUntil: NOW + MINUTE,
            lastReason: 'of after300',
          },
        ]);
      }));
  });
}

export function describeInterventions(using: Using): void {
  describe('intervene', () => {
    it('holds until released', () =>
      using(async ({ store }) => {
        await store.accept([sampleMessage({ recipients: ['bob@a.test', 'carol@b.test'] })]);
        expect(await all(store, 'hold', { domain: 'a.test' })).toBe(1);
        expect(await all(store, 'hold', {})).toBe(1); // one of two is held already
        expect(await claim(store)).toEqual([]);
        expect(await store.nextDueAt([])).toBeUndefined();
        expect(await all(store, 'release', { domain: 'a.test' })).toBe(1);
        expect(await all(store, 'release', { domain: 'a.test' })).toBe(0);
        expect(names(await claim(store))).toEqual(['bob']);
        expect(await kinds(store)).toEqual(['accepted', 'accepted', 'held', 'held', 'released']);
      }));

    it('holds a leased recipient once its attempt has ended', () =>
      using(async ({ store }) => {
        await store.accept([sampleMessage({ recipients: ['bob@a.test'] })]);
        const [bob] = await claim(store);
        if (bob === undefined) throw new TypeError('one was due');
        expect(await all(store, 'hold', {})).toBe(1);
        const unit = { changes: [again(bob, { dueAt: NOW })], events: [], messages: [] };
        expect(await store.conclude([unit])).toEqual(['done']);
        expect(await claim(store)).toEqual([]);
        await all(store, 'release', {});
        expect(names(await claim(store))).toEqual(['bob']);
      }));

    it('makes due at once, but not what is held or under way, and wakes the lane', () =>
      using(async ({ store }) => {
        await store.accept([
          sampleMessage({ recipients: ['busy@c.test'] }),
          sampleMessage({
            recipients: [
              { address: 'bob@a.test', dueAt: NOW + MINUTE },
              { address: 'held@a.test', state: 'held' },
            ],
          }),
        ]);
        await claim(store);
        await store.deferLane('a.test', NOW + MINUTE);
        expect(await all(store, 'retry', {})).toBe(1);
        expect(names(await claim(store))).toEqual(['bob']);
        const { events } = await store.events(undefined, 10);
        expect(events.at(-1)).toMatchObject({
          kind: 'rescheduled',
          recipient: 'bob@a.test',
          at: NOW,
          dueAt: NOW,
        });
      }));

    it('goes page by page', () =>
      using(async ({ store }) => {
        await store.accept([
          sampleMessage({ recipients: Array.from({ length: 7 }, (_, n) => `r${n}@a.test`) }),
        ]);
        const first = await store.intervene('hold', {}, NOW, { limit: 4 });
        expect(first.changed).toBe(4);
        if (first.next === undefined) throw new TypeError('there is more');
        const second = await store.intervene('hold', {}, NOW, { limit: 4, after: first.next });
        expect(second).toEqual({ changed: 3 });
        expect(await listed(store, { state: 'held' })).toHaveLength(7);
      }));
  });
}

async function all(store: Store, action: Intervention, selection: Selection): Promise<number> {
  return (await store.intervene(action, selection, NOW, { limit: 1000 })).changed;
}

async function kinds(store: Store): Promise<readonly string[]> {
  return (await store.events(undefined, 100)).events.map((event) => event.kind);
}
