/** Damage: what is spoilt is put aside and told of, and the rest goes on. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '@posthouse/queue';
import type { Store } from '@posthouse/queue';
import { describe, expect, it } from 'vitest';
import {
  again,
  claim,
  listed,
  names,
  NOW,
  readBytes,
  sampleMessage,
  stageBytes,
} from '../../src/testing/sample-messages.ts';
import { spoil, usingDirectory } from './store-directory.ts';
import type { StoreDirectory } from './store-directory.ts';

const LARGE = 300_000;

describe('damaged content', () => {
  it.each([
    ['is missing', (path: string) => rm(path)],
    ['is cut short', (path: string) => truncate(path, 1000)],
    ['has changed', (path: string) => spoil(path, 200_000, 5)],
  ] as const)('in a file that %s: held, kept and told of', (reason, spoilFile) =>
    usingDirectory(async (at) => {
      const store = await at.open();
      const content = await stageBytes(store, randomBytes(LARGE));
      const sample = sampleMessage({ recipients: ['bob@a.test', 'carol@b.test'], content });
      await store.accept([sample, sampleMessage({ recipients: ['dave@a.test'] })]);
      const [bob] = await claim(store, { limit: 1 });
      if (bob === undefined) throw new TypeError('one was due');
      const [file = ''] = await at.files('content');
      await spoilFile(join(at.path, 'content', file));
      await expect(readBytes(store, sample.message.id)).rejects.toMatchObject({ kind: 'damaged' });
      expect(at.reports).toMatchObject([{ kind: 'content', message: sample.message.id }]);
      expect(JSON.stringify(at.reports)).toContain(reason.split(' ').at(-1));
      expect(await listed(store, { state: 'held' })).toEqual(['bob', 'carol']);
      const late = { changes: [again(bob)], events: [], messages: [] };
      expect(await store.conclude([late])).toEqual(['stale']);
      expect(names(await claim(store))).toEqual(['dave']);
      const life = await store.trace({ message: sample.message.id }, 10);
      expect(life.map((event) => event.kind)).toEqual(['accepted', 'accepted', 'damaged']);
      const kept = (await at.files('damaged')).some((name) => !name.endsWith('.reason.txt'));
      expect(kept).toBe(reason !== 'is missing');
    }),
  );

  it('in the database: the same, and once only', () =>
    usingDirectory(async (at) => {
      const before = await at.open();
      const sample = sampleMessage({ recipients: ['bob@a.test'] });
      await before.accept([sample]);
      await before.stop();
      at.alter((database) => database.exec(`UPDATE content SET bytes = x'00'`));
      const store = await at.open();
      expect((await store.readSmall([sample.message.id])).size).toBe(0);
      expect(at.reports).toEqual([]);
      for (const reading of [1, 2]) {
        const refused = readBytes(store, sample.message.id);
        await expect(refused, `${reading}`).rejects.toMatchObject({ kind: 'damaged' });
      }
      expect(await listed(store, { state: 'held' })).toEqual(['bob']);
      expect(await store.trace({ message: sample.message.id }, 10)).toHaveLength(2);
    }));
});

describe('a damaged record', () => {
  it('leaves the queue, is kept in the database and told of', () =>
    usingDirectory(async (at) => {
      const before = await at.open();
      const broken = sampleMessage({ recipients: ['bob@a.test', 'carol@a.test'] });
      const half = sampleMessage({ recipients: ['dave@a.test'] });
      await before.accept([broken, half, sampleMessage({ recipients: ['erin@a.test'] })]);
      await before.stop();
      at.alter((database) => {
        const spoilt = `UPDATE message SET head = '{"reversePath' WHERE id = ?`;
        database.prepare(spoilt).run(broken.message.id);
        database.exec(`UPDATE recipient SET last = 'x' WHERE address = 'dave@a.test'`);
      });
      const store = await at.open();
      expect(names(await claim(store))).toEqual(['erin']);
      expect(at.reports.map((report) => report.kind)).toEqual(['record', 'record']);
      expect(await listed(store)).toEqual(['erin']);
      expect(store.usage()).toMatchObject({ messages: 1, recipients: 1 });
      const life = await store.trace({ message: half.message.id }, 10);
      expect(life.map((event) => event.kind)).toEqual(['accepted', 'damaged']);
      await store.stop();
      at.alter((database) => {
        const kept = database.prepare('SELECT id, recipients FROM damaged ORDER BY id').all();
        expect(kept).toMatchObject([{ id: broken.message.id }, { id: half.message.id }]);
        expect(kept[0]?.['recipients']).toContain('carol@a.test');
      });
    }));

  it('is found out by a list or a look too, and an event says what it is', () =>
    usingDirectory(async (at) => {
      const before = await at.open();
      const [one, two] = [1, 2].map(() => sampleMessage({ recipients: ['bob@a.test'] }));
      if (one === undefined || two === undefined) throw new TypeError('there are two');
      await before.accept([one, two]);
      await before.stop();
      at.alter((database) => {
        database.exec(`UPDATE message SET head = '{'`);
        database.exec(`UPDATE event SET body = '{'`);
      });
      const store = await at.open();
      await expect(store.message(one.message.id)).rejects.toMatchObject({ kind: 'damaged' });
      expect(await listed(store)).toEqual([]);
      expect(at.reports).toHaveLength(2);
      const { events } = await store.events(undefined, 10);
      expect(events.map((event) => event.kind)).toEqual(Array.from({ length: 4 }, () => 'damaged'));
    }));
});

describe('a damaged database', () => {
  it('is salvaged while it runs: what can be read goes on, the rest is named', () =>
    usingDirectory(async (at) => {
      const large = await fill(at);
      const database = join(at.path, 'queue-1.sqlite');
      const { length } = await readFile(database);
      const pages = length / 4096;
      for (let page = 60; page < pages - 20; page += 37) await spoil(database, page * 4096, 4096);
      const store = await at.open();
      const damaged = await firstDamage(store);
      expect(damaged).toBeInstanceOf(StoreError);
      expect(damaged).toMatchObject({ kind: 'damaged' });
      const report = await at.report(0);
      if (report.kind !== 'database') throw new TypeError('it was the database');
      await accepting(store);
      const { messages, recipients } = store.usage();
      expect(messages).toBe(report.messages + 1);
      expect(report.lost.length).toBeGreaterThan(0);
      expect(report.messages).toBeGreaterThan(500);
      expect(report.messages + report.lost.length).toBeGreaterThanOrEqual(1000);
      const left = await store.list({}, { limit: 10_000 });
      expect(left).toHaveLength(recipients);
      for (const id of new Set(left.map((entry) => entry.message.id))) await readBytes(store, id);
      expect(await claim(store, { limit: 10_000, perLaneLimit: 10_000 })).toHaveLength(recipients);
      expect(await readFile(report.keptAt)).toHaveLength(length);
      const kinds = (await store.events(undefined, 10_000)).events.map((event) => event.kind);
      expect(kinds.filter((kind) => kind === 'damaged')).toHaveLength(report.lost.length);
      expect(await at.files('content')).toHaveLength(large);
      await store.stop();
      const kept = at.logged('queue-orphans-kept');
      await at.open();
      await kept;
      expect(await at.files('content')).toHaveLength(large);
    }));

  it.each(['recipient_lease', 'note'])(
    'is salvaged within the start of a queue that comes upon it: %s',
    (table) =>
      usingDirectory(async (at) => {
        const before = await at.open();
        await accepting(before);
        await before.stop();
        let page = 0;
        at.alter((database) => {
          const root = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?');
          page = Number(root.get(table)?.['rootpage']); // counted from 1
        });
        await spoil(join(at.path, 'queue-1.sqlite'), (page - 1) * 4096, 4096);
        const store = await at.open();
        await store.recover('owner', NOW);
        expect(await store.notes()).toEqual(new Map());
        await at.report(0);
        expect(await store.list({}, { limit: 10 })).toHaveLength(1);
      }),
  );

  it('that could not be salvaged is tried again at the next start', () =>
    usingDirectory(async (at) => {
      await fill(at);
      const database = join(at.path, 'queue-1.sqlite');
      const pages = (await readFile(database)).length / 4096;
      for (let page = 60; page < pages - 20; page += 37) await spoil(database, page * 4096, 4096);
      const store = await at.open();
      const inTheWay = join(at.path, 'queue-2.sqlite.part');
      await mkdir(inTheWay);
      const failed = at.logged('queue-salvage-failed');
      await firstDamage(store);
      await failed;
      await expect(store.list({}, { limit: 1 })).rejects.toMatchObject({ kind: 'damaged' });
      await store.stop();
      await rm(inTheWay, { recursive: true });
      await store.start();
      await firstDamage(store);
      await at.report(0);
      await accepting(store);
    }));

  it('that cannot be opened at all is kept aside, and the store starts empty', () =>
    usingDirectory(async (at) => {
      await fill(at);
      await spoil(join(at.path, 'queue-1.sqlite'), 0, 4096);
      const store = await at.open();
      expect(await at.report(0)).toMatchObject({ kind: 'database', messages: 0 });
      expect(store.usage().messages).toBe(0);
      await accepting(store);
      expect(await at.files('damaged')).toContain('queue-1.sqlite');
    }));
});

/** A thousand messages, some of them large. Resolves with the number of these. */
async function fill(at: StoreDirectory): Promise<number> {
  const store = await at.open();
  const large = [1, 2, 3].map(async () => {
    const content = await stageBytes(store, randomBytes(LARGE));
    await store.accept([sampleMessage({ recipients: ['large@b.test'], content })]);
  });
  await Promise.all(large);
  const samples = Array.from({ length: 997 }, (_, n) =>
    sampleMessage({ recipients: [`r${n}@a.test`, `s${n}@b${n % 7}.test`] }),
  );
  await store.accept(samples);
  await store.stop();
  return large.length;
}

/** Goes through everything until it meets the damage. */
async function firstDamage(store: Store): Promise<unknown> {
  try {
    for (const { message } of await store.list({}, { limit: 10_000 })) {
      await readBytes(store, message.id);
    }
    await claim(store, { limit: 10_000 });
    await store.events(undefined, 10_000);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function accepting(store: Store): Promise<void> {
  const sample = sampleMessage({ recipients: ['new@a.test'], acceptedAt: NOW });
  expect(await store.accept([sample])).toEqual(['taken']);
}
