/** The contract of taking responsibility: accept, stage, open. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { QueueId, StoredMessage } from '../record.ts';
import type { Store } from '../store.ts';
import {
  claim,
  done,
  listed,
  nextId,
  NOW,
  MINUTE,
  readBytes,
  sampleMessage,
  stageBytes,
} from './sample-messages.ts';
import type { Using } from './store-under-test.ts';

const SIZES = { 'of no bytes': 0, small: 700, 'of some size': 40_000, large: 3_000_000 };

export function describeAccept(using: Using): void {
  describe('accept', () => {
    it('keeps a message as it was given, its content apart', () =>
      using(async ({ store }) => {
        const sample = sampleMessage({ recipients: ['bob@example.test', 'carol@example.test'] });
        expect(await store.accept([sample])).toEqual(['taken']);
        const kept = await store.message(sample.message.id);
        const digest = kept?.digest ?? 'not kept';
        const content = { kind: 'kept' } as const;
        expect(plain(kept)).toEqual(plain({ ...sample.message, content, digest }));
        const entries = await store.list({}, { limit: 10 });
        expect(entries.map((entry) => entry.recipient)).toEqual(sample.recipients);
        const { content: _content, prefix: _prefix, ...given } = sample.message;
        const summary = { ...given, digest };
        expect(entries.map((entry) => entry.message)).toEqual([summary, summary]);
      }));

    it('takes a message once, however often it is given', () =>
      using(async ({ store }) => {
        const sample = sampleMessage({ recipients: ['bob@example.test'] });
        const other = sampleMessage({ recipients: ['carol@example.test'] });
        expect(await store.accept([sample])).toEqual(['taken']);
        expect(await store.accept([sample, other])).toEqual(['present', 'taken']);
        expect(await listed(store)).toEqual(['bob', 'carol']);
        expect((await store.events(undefined, 10)).events).toHaveLength(2);
        expect(store.usage().messages).toBe(2);
      }));

    it('takes all messages of a call or none', () =>
      using(async ({ store }) => {
        const good = sampleMessage({ recipients: ['bob@example.test'] });
        const bad = sampleMessage({ recipients: ['carol@example.test'] });
        const message = { ...bad.message, content: { kind: 'kept' as const } };
        await expect(store.accept([good, { ...bad, message }])).rejects.toMatchObject({
          name: 'StoreError',
        });
        expect(await listed(store)).toEqual([]);
        expect(store.usage()).toEqual({ messages: 0, recipients: 0, contentBytes: 0 });
        expect((await store.events(undefined, 10)).events).toEqual([]);
      }));

    it('keeps calls that come at once apart', () =>
      using(async ({ store }) => {
        const samples = Array.from({ length: 60 }, (_, n) =>
          sampleMessage({ recipients: [`r${n}@example.test`] }),
        );
        await Promise.all(samples.map((sample) => store.accept([sample])));
        expect(await listed(store)).toEqual(samples.map((_, n) => `r${n}`));
      }));

    it('counts what it holds', () =>
      using(async ({ store }) => {
        const sample = sampleMessage({ recipients: ['bob@example.test', 'carol@example.test'] });
        await store.accept([sample]);
        expect(store.usage()).toEqual({
          messages: 1,
          recipients: 2,
          contentBytes: sample.message.sizeBytes,
        });
        const [bob, carol] = await claim(store);
        if (bob === undefined || carol === undefined) throw new TypeError('two were due');
        await store.conclude([{ changes: [done(bob)], events: [], messages: [] }]);
        expect(store.usage()).toMatchObject({ messages: 1, recipients: 1 });
        await store.conclude([{ changes: [done(carol)], events: [], messages: [] }]);
        expect(store.usage()).toEqual({ messages: 0, recipients: 0, contentBytes: 0 });
      }));

    it('may lease to the process that accepts', () =>
      using(async ({ store }) => {
        const lease = { owner: 'relay-1', token: 1, until: NOW + MINUTE, begun: false };
        const sample = sampleMessage({ recipients: [{ address: 'bob@example.test', lease }] });
        await store.accept([sample]);
        expect(await claim(store)).toEqual([]);
        expect(await store.nextDueAt([])).toBe(NOW + MINUTE);
        const [bob] = await claim(store, { now: NOW + MINUTE });
        expect(bob).toMatchObject({ attempts: 2, lease: { token: 2 } });
      }));
  });
}

export function describeContent(using: Using): void {
  describe('content', () => {
    it.each(Object.entries(SIZES))(
      '%s is read as it was staged, as often as one likes',
      (_, size) =>
        using(async ({ store }) => {
          const bytes = randomBytes(size);
          const content = await stageBytes(store, bytes);
          expect(content.sizeBytes).toBe(size);
          const sample = sampleMessage({ recipients: ['bob@example.test'], content });
          await store.accept([sample]);
          const digest = createHash('sha256').update(bytes).digest('hex');
          expect(await store.message(sample.message.id)).toMatchObject({ digest });
          for (const reading of [1, 2]) {
            expect((await readBytes(store, sample.message.id)).equals(bytes), `${reading}`).toBe(
              true,
            );
          }
          expect(store.usage().contentBytes).toBe(size);
        }),
    );

    it.each(Object.entries(SIZES))('%s outlives a discard that comes after the accept', (_, size) =>
      using(async ({ store }) => {
        const stage = store.stage();
        await stage.write(randomBytes(size));
        const sample = sampleMessage({
          recipients: ['bob@example.test'],
          content: await stage.end(),
        });
        await store.accept([sample]);
        await stage.discard();
        expect(await readBytes(store, sample.message.id)).toHaveLength(size);
      }),
    );

    it.each(['written', 'ended'] as const)('can be discarded once %s, and again', (step) =>
      using(async ({ store }) => {
        for (const size of Object.values(SIZES)) {
          const stage = store.stage(size);
          await stage.write(randomBytes(size));
          if (step === 'ended') await stage.end();
          await stage.discard();
          await stage.discard();
        }
        expect(store.usage()).toEqual({ messages: 0, recipients: 0, contentBytes: 0 });
      }),
    );

    it('that is small is read of several messages at once, and what is given is whole', () =>
      using(async ({ store }) => {
        const given = new Map<QueueId, Buffer>();
        for (const size of Object.values(SIZES)) {
          const bytes = randomBytes(size);
          const content = await stageBytes(store, bytes);
          const sample = sampleMessage({ recipients: ['bob@example.test'], content });
          await store.accept([sample]);
          given.set(sample.message.id, bytes);
        }
        const ids = [...given.keys()];
        const read = await store.readSmall([...ids, nextId()]);
        expect([...read.keys()].slice(0, 3)).toEqual(ids.slice(0, 3));
        for (const [id, bytes] of read) expect(given.get(id)?.equals(bytes), id).toBe(true);
        expect(await store.readSmall([])).toEqual(new Map());
      }));

    it('is gone with its message, and was never there for an unknown one', () =>
      using(async ({ store }) => {
        for (const size of Object.values(SIZES)) {
          const content = await stageBytes(store, randomBytes(size));
          const sample = sampleMessage({ recipients: ['bob@example.test'], content });
          await store.accept([sample]);
          const [bob] = await claim(store);
          if (bob === undefined) throw new TypeError('one was due');
          await store.conclude([{ changes: [done(bob)], events: [], messages: [] }]);
          await expectNoContent(store, sample.message.id);
        }
        await expectNoContent(store, nextId());
      }));
  });
}

async function expectNoContent(store: Store, id: Parameters<Store['open']>[0]): Promise<void> {
  expect(await store.message(id)).toBeUndefined();
  await expect(readBytes(store, id)).rejects.toMatchObject({ name: 'StoreError' });
  expect((await store.readSmall([id])).size).toBe(0);
}

/** Byte arrays compare by their bytes, not by their class. */
function plain(message: StoredMessage | undefined): unknown {
  return message && { ...message, prefix: Buffer.from(message.prefix).toString('hex') };
}
