/**
 * The schema through its versions, and what its indexes are for. Databases of old are made by the
 * very steps that made them, which are never changed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { newTransactionId } from '@posthouse/mail';
import { CLAIM_SQL } from '../../src/sqlite/thread/claiming.ts';
import { MIGRATIONS } from '../../src/sqlite/thread/migrations/all.ts';
import { claim, listed, NOW, sampleMessage } from '../../src/testing/sample-messages.ts';
import { usingDirectory } from './store-directory.ts';
import type { StoreDirectory } from './store-directory.ts';

const BYTES = Buffer.from('Subject: old\r\n\r\nold\r\n');

/** A queue as version 1 left it: one message, due, one event, and counters that say so. */
async function writeVersion1(at: StoreDirectory): Promise<string> {
  await mkdir(at.path, { recursive: true });
  const { message, recipients } = sampleMessage({ recipients: ['bob@a.test'] });
  const [recipient] = recipients;
  const { id, reversePath, params, origin } = message;
  const head = JSON.stringify({ reversePath, params, origin });
  const path = JSON.stringify({ forwardPath: recipient?.forwardPath, params: {} });
  const database = new DatabaseSync(join(at.path, 'queue-1.sqlite'));
  database.exec('PRAGMA journal_mode = WAL');
  for (const step of MIGRATIONS.slice(0, 1)) database.exec(step);
  const digest = '0'.repeat(64);
  const insert = (table: string, ...values: readonly (string | number | Uint8Array | null)[]) =>
    database
      .prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`)
      .run(...values);
  insert(
    'message',
    1,
    id,
    1,
    NOW,
    BYTES.length,
    digest,
    'alice@a.test',
    null,
    head,
    Buffer.alloc(0),
  );
  insert('content', 1, BYTES);
  insert('track', 1, 'a.test', 'a.test');
  insert('turn', 1, 1, 'a.test', NOW, 0, 0);
  insert('site_turn', 'a.test', 1, NOW, 0, 0);
  const last = '{"delayTold":false}';
  const standing = [1, 1, NOW, NOW, 0, 0, 0, null, null, 0] as const;
  insert('recipient', 1, 0, ...standing, 'bob@a.test', 'a.test', path, last);
  insert('event', 1, id, NOW, '{"kind":"accepted","index":0,"recipient":"bob@a.test"}');
  database.exec(`UPDATE counter SET commits = 1, last_message = 1, last_cursor = 1, messages = 1,
    recipients = 1, content_bytes = ${BYTES.length}, claims = 7`);
  database.exec('PRAGMA user_version = 1');
  database.close();
  return id;
}

describe('a queue of version 1', () => {
  it('is carried forward with all that is in it', () =>
    usingDirectory(async (at) => {
      const id = await writeVersion1(at);
      const store = await at.open();
      expect(store.usage()).toEqual({ messages: 1, recipients: 1, contentBytes: BYTES.length });
      expect(await listed(store)).toEqual(['bob']);
      expect((await store.events(undefined, 10)).events).toMatchObject([
        { kind: 'accepted', message: id, at: NOW },
      ]);
      await store.accept([sampleMessage({ recipients: ['carol@a.test'] })]);
      expect(await claim(store)).toHaveLength(2);
      await store.note([['a', '1']]);
      expect(await store.notes()).toEqual(new Map([['a', '1']]));
      await store.stop();
      at.alter((database) => {
        expect(database.prepare('PRAGMA user_version').get()).toEqual({
          user_version: MIGRATIONS.length,
        });
        expect(database.prepare('SELECT claims, latest_at FROM counter').get()).toEqual({
          claims: 8,
          latest_at: NOW,
        });
      });
    }));

  it('knows the latest time from its event log', () =>
    usingDirectory(async (at) => {
      await writeVersion1(at);
      const store = await at.open();
      const now = NOW - 3_600_000; // the clock was put back while the queue stood still
      expect(await claim(store, { now })).toHaveLength(1);
    }));
});

describe('a claim', () => {
  it('goes by indexes alone, so that what rests costs nothing however long it is', () =>
    usingDirectory(async (at) => {
      const store = await at.open();
      await store.accept([
        sampleMessage({ id: newTransactionId(NOW), recipients: ['bob@a.test'] }),
      ]);
      await store.stop();
      at.alter((database) => {
        for (const [name, sql] of Object.entries(CLAIM_SQL)) {
          const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
          const steps = plan.map(({ detail }) => String(detail));
          expect(steps, name).toHaveLength(1);
          // Equality on all that comes before the time, which is the range: nothing is passed over.
          expect(steps[0], name).toMatch(/^SEARCH (?:r|turn|site_turn) USING .*[<=]\?\)$/);
          expect(steps[0], name).not.toContain('TEMP B-TREE');
        }
      });
    }));
});
