/** The commit thread's `forget` and `forgetKeys`: the event log's old end. */
import type { DatabaseSync } from 'node:sqlite';
import type { CommitVerbs } from '../protocol.ts';
import { prepare } from './statement.ts';
import type { Tables } from './tables.ts';

/** Pages that are given back to the file system at a time, where half of the file is free. */
const VACUUM_PAGES = 2000;

export function createForget(database: DatabaseSync, tables: Tables): CommitVerbs['forget'] {
  const remove = prepare(database, 'DELETE FROM event WHERE cursor <= ? AND at < ?');
  return ({ upTo, before }) => {
    const { now } = tables.counters;
    now.forgottenCursor = Math.max(now.forgottenCursor, upTo);
    return remove.run(upTo, before);
  };
}

export function createForgetKeys(database: DatabaseSync): CommitVerbs['forgetKeys'] {
  const remove = prepare(database, 'DELETE FROM search_key WHERE bucket = ?');
  const free = prepare<{ readonly freelist_count: number }>(database, 'PRAGMA freelist_count');
  const all = prepare<{ readonly page_count: number }>(database, 'PRAGMA page_count');
  return (bucket) => {
    remove.run(bucket);
    const freePages = free.get()?.freelist_count ?? 0;
    if (freePages > VACUUM_PAGES && freePages * 2 > (all.get()?.page_count ?? 0)) {
      database.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    }
    return null;
  };
}
