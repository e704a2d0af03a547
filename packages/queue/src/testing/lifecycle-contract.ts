/** The contract of starting, stopping and starting again. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../store.ts';
import type { Store } from '../store.ts';
import {
  again,
  claim,
  claimRequest,
  leased,
  MINUTE,
  NOW,
  readBytes,
  sampleMessage,
  stageBytes,
} from './sample-messages.ts';
import type { Using } from './store-under-test.ts';

export function describeLifecycle(using: Using): void {
  describe('start and stop', () => {
    it('may be said twice', () =>
      using(async ({ store }) => {
        await store.start();
        await store.accept([sampleMessage({ recipients: ['bob@a.test'] })]);
        await Promise.all([store.stop(), store.stop()]);
        await store.stop();
      }));

    it('end every verb', () =>
      using(async ({ store }) => {
        await store.stop();
        const verbs: readonly (() => Promise<unknown>)[] = [
          () => store.accept([sampleMessage({ recipients: ['bob@a.test'] })]),
          () => store.claim(claimRequest()),
          () => store.conclude([]),
          () => store.nextDueAt([]),
          () => store.list({}, { limit: 1 }),
          () => store.summary(NOW),
          () => store.events(undefined, 1),
        ];
        for (const verb of verbs) {
          const failure = await verb().then(
            () => undefined,
            (error: unknown) => error,
          );
          expect(failure, String(verb)).toBeInstanceOf(StoreError);
          expect(failure).toMatchObject({ kind: 'stopped' });
        }
      }));

    it('finish what was under way', () =>
      using(async (under) => {
        const samples = Array.from({ length: 50 }, (_, n) =>
          sampleMessage({ recipients: [`r${n}@a.test`] }),
        );
        const accepted = Promise.all(samples.map((sample) => under.store.accept([sample])));
        const stopped = under.store.stop();
        expect((await accepted).flat()).toEqual(samples.map(() => 'taken'));
        await stopped;
        const store = await under.reopen();
        expect(store.usage().messages).toBe(samples.length);
      }));

    it('keep everything', () =>
      using(async (under) => {
        const before = under.store;
        const bytes = randomBytes(2_000_000);
        const large = sampleMessage({
          recipients: ['bob@a.test', { address: 'held@b.test', state: 'held' }],
          content: await stageBytes(before, bytes),
        });
        const small = sampleMessage({ recipients: ['carol@a.test', 'dave@c.test'] });
        await before.accept([large, small]);
        const [bob, carol] = await claim(before, { onlyLanes: ['a.test'] });
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        await before.begin([{ ...leased(bob), dueAt: NOW + MINUTE }]);
        await before.conclude([{ changes: [again(carol)], events: [], messages: [] }]);
        await before.deferLane('c.test', NOW + MINUTE);
        await before.note([
          ['a', '1'],
          ['b', '2'],
          ['c', null],
        ]);
        await before.note([
          ['a', 'ä'],
          ['b', null],
        ]);
        const was = await everything(before);
        const after = await under.reopen();
        expect(await everything(after)).toEqual(was);
        expect(await after.notes()).toEqual(new Map([['a', 'ä']]));
        expect((await readBytes(after, large.message.id)).equals(bytes)).toBe(true);
        expect(await claim(after)).toEqual([]);
        expect(await after.renew([leased(bob)], NOW + 2 * MINUTE)).toHaveLength(1);
      }));

    it('belong to one owner at a time', (test) =>
      using(async (under) => {
        const rival = under.rival?.();
        if (rival === undefined) return test.skip('nobody else could open this store');
        const refused = await rival.start().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(refused).toBeInstanceOf(StoreError);
        expect(refused).toMatchObject({ kind: 'in-use' });
        await under.store.accept([sampleMessage({ recipients: ['bob@a.test'] })]);
        await under.store.stop();
        await rival.start();
        expect(rival.usage().messages).toBe(1);
        await rival.stop();
      }));

    it('refuse what a newer version has written, and leave it as it is', (test) =>
      using(async (under) => {
        await under.store.accept([sampleMessage({ recipients: ['bob@a.test'] })]);
        const future = await under.fromTheFuture?.();
        if (future === undefined) return test.skip('this store writes nothing');
        const was = await future.fingerprint();
        await expect(future.store.start()).rejects.toMatchObject({ kind: 'newer-version' });
        await future.store.stop();
        expect(await future.fingerprint()).toBe(was);
      }));
  });
}

async function everything(store: Store): Promise<unknown> {
  return {
    entries: await store.list({}, { limit: 100 }),
    events: await store.events(undefined, 100),
    summary: await store.summary(NOW),
    usage: store.usage(),
    next: await store.nextDueAt([]),
    notes: await store.notes(),
  };
}
