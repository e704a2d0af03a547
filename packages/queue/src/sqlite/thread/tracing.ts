/** The read thread's part of the event log. */
import type { DatabaseSync } from 'node:sqlite';
import type { LoggedRow, ReadVerbs } from '../protocol.ts';
import { prepare } from './statement.ts';

const COLUMNS = 'cursor, message, at, body';
/** Old events are at the beginning: no more of it is looked at for them. */
const OLD_WINDOW = 50_000;

type EventVerbs = Pick<
  ReadVerbs,
  'events' | 'lastEvent' | 'traceMessage' | 'traceKey' | 'oldEvents' | 'emptyBucket'
>;

export function createEventReads(database: DatabaseSync): EventVerbs {
  const behind = prepare<LoggedRow>(
    database,
    `SELECT ${COLUMNS} FROM event WHERE cursor > ? ORDER BY cursor LIMIT ?`,
  );
  const forgotten = prepare<{ readonly cursor: number }>(
    database,
    'SELECT forgotten_cursor AS cursor FROM counter',
  );
  const last = prepare<{ readonly cursor: number }>(
    database,
    'SELECT last_cursor AS cursor FROM counter',
  );
  const ofMessage = prepare<LoggedRow>(
    database,
    `SELECT ${COLUMNS} FROM event WHERE message = ? ORDER BY cursor LIMIT ?`,
  );
  const old = prepare<{ readonly cursor: number }>(
    database,
    `SELECT cursor FROM (SELECT cursor, at FROM event ORDER BY cursor LIMIT ${OLD_WINDOW})
       WHERE at < ? LIMIT ?`,
  );
  const search = createSearch(database);
  const empty = prepare<{ readonly bucket: number }>(
    database,
    `SELECT bucket FROM (SELECT bucket FROM search_key ORDER BY bucket LIMIT 1) b
       WHERE bucket < (SELECT MAX(bucket) FROM search_key) AND NOT EXISTS (
         SELECT 1 FROM search_key k JOIN event e ON e.message = k.message
         WHERE k.bucket = b.bucket)`,
  );
  return {
    events({ after, limit }) {
      const events = behind.all(after ?? 0, limit);
      return { events, gap: after !== null && after < (forgotten.get()?.cursor ?? 0) };
    },
    lastEvent: () => last.get()?.cursor ?? 0,
    traceMessage: ({ message, limit }) => ofMessage.all(message, limit),
    traceKey({ key, limit }) {
      const events = search(key, limit).flatMap((message) => ofMessage.all(message, limit));
      return events.toSorted((a, b) => a.cursor - b.cursor).slice(0, limit);
    },
    oldEvents: ({ before, limit }) => old.all(before, limit).at(-1)?.cursor ?? null,
    emptyBucket: () => empty.get()?.bucket ?? null,
  };
}

/**
 * The messages that a search key names, oldest first: one look into each bucket. The oldest
 * `limit` events are among those of the first `limit` messages, so no more are looked up.
 */
function createSearch(database: DatabaseSync): (key: number, limit: number) => readonly string[] {
  const bounds = prepare<{ readonly first: number | null; readonly last: number | null }>(
    database,
    `SELECT (SELECT MIN(bucket) FROM search_key) AS first,
       (SELECT MAX(bucket) FROM search_key) AS last`,
  );
  const inBucket = prepare<{ readonly message: string }>(
    database,
    'SELECT message FROM search_key WHERE bucket = ? AND hash = ?',
  );
  return (key, limit) => {
    const { first, last } = bounds.get() ?? { first: null, last: null };
    const messages: string[] = [];
    if (first === null || last === null) return messages;
    for (let bucket = first; bucket <= last && messages.length < limit; bucket += 1) {
      messages.push(...inBucket.all(bucket, key).map(({ message }) => message));
    }
    return messages;
  };
}
