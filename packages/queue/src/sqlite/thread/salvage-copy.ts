/** Salvage, table by table: what is copied out of a damaged database, and what is known to be lost. */
import type { DatabaseSync } from 'node:sqlite';
import { createAccept } from './accepting.ts';
import type { MessageRow, RecipientRow } from '../protocol.ts';
import { createNote } from './operating.ts';
import { ifReadable, largest, readableRows } from './readable-rows.ts';
import { createNotes } from './reading.ts';
import { prepare } from './statement.ts';
import { MESSAGE_COLUMNS, RECIPIENT_COLUMNS, recipientRow } from './tables.ts';
import type { StoredRecipient, Tables } from './tables.ts';

/** Rows in one transaction. */
const BATCH = 500;

type OldMessage = MessageRow & { readonly key: number; readonly file: string | null };
type OldRecipient = StoredRecipient & { readonly key: number };

interface OldEvent {
  readonly key: number;
  readonly message: string;
  readonly at: number;
  readonly body: string;
}

/** Rests and notes are hints: all of them, or none. */
export function copyHints(old: DatabaseSync, into: DatabaseSync): void {
  const insert = prepare(into, 'INSERT INTO lane_rest VALUES (?, ?)');
  const rests = ifReadable(() =>
    prepare<{ readonly lane: string; readonly until: number }>(
      old,
      'SELECT lane, until FROM lane_rest',
    ).all(),
  );
  for (const { lane, until } of rests ?? []) insert.run(lane, until);
  // A database of version 1 has no notes.
  const named = "SELECT 1 FROM sqlite_master WHERE name = 'note'";
  const noted = ifReadable(() => prepare(old, named).get() && createNotes(old)(null));
  createNote(into)(noted ?? []);
}

/**
 * Copies messages with their recipients. A message without its content is left out, one
 * without some of its recipients is taken over for the others.
 * @returns the ids of those of which something is missing
 */
export function copyMessages(
  old: DatabaseSync,
  into: DatabaseSync,
  tables: Tables,
): readonly string[] {
  const lost = new Set<string>();
  const next = prepare<OldMessage>(
    old,
    `SELECT m.seq AS key, ${MESSAGE_COLUMNS}, m.prefix, m.file FROM message m
       WHERE m.seq > ? ORDER BY m.seq LIMIT 1`,
  );
  const last = largest(
    old,
    'SELECT last_message AS number FROM counter',
    'SELECT MAX(seq) AS number FROM message',
    'SELECT MAX(message) AS number FROM recipient',
  );
  const contentOf = prepare<{ readonly bytes: Uint8Array }>(
    old,
    'SELECT bytes FROM content WHERE message = ?',
  );
  const recipientsOf = createRecipientReader(old);
  const { accept } = createAccept(into, tables);
  let gaps = 0;
  const copy = (message: OldMessage): void => {
    const { key, ...row } = message;
    const content = row.file === null ? ifReadable(() => contentOf.get(key))?.bytes : null;
    const recipients = recipientsOf(key, () => lost.add(row.id));
    if (content === undefined || recipients.length === 0) lost.add(row.id);
    else accept([{ ...row, content, recipients, events: [], keys: [] }]);
  };
  inBatches(
    into,
    tables,
    readableRows(next, last, () => (gaps += 1)),
    copy,
  );
  if (gaps > 0) for (const id of idsOf(old)) if (tables.messageById(id) === undefined) lost.add(id);
  return [...lost];
}

/** Copies the event log and its search keys, and adds what the salvage itself has found out. */
export function copyEvents(
  old: DatabaseSync,
  into: DatabaseSync,
  tables: Tables,
  lost: readonly string[],
): void {
  const { now } = tables.counters;
  const next = prepare<OldEvent>(
    old,
    'SELECT cursor AS key, message, at, body FROM event WHERE cursor > ? ORDER BY cursor LIMIT 1',
  );
  const last = largest(
    old,
    'SELECT last_cursor AS number FROM counter',
    'SELECT MAX(cursor) AS number FROM event',
  );
  now.forgottenCursor = largest(old, 'SELECT forgotten_cursor AS number FROM counter');
  const insert = prepare(into, 'INSERT INTO event VALUES (?, ?, ?, ?)');
  inBatches(
    into,
    tables,
    readableRows(next, last, () => undefined),
    (event) => insert.run(event.key, event.message, event.at, event.body),
  );
  copySearchKeys(old, into);
  now.lastCursor = last;
  const body = JSON.stringify({ kind: 'damaged', reason: 'lost to a damaged page of the queue' });
  const at = Date.now();
  inBatches(into, tables, lost, (message) => tables.append([{ message, at, body }]));
}

function copySearchKeys(old: DatabaseSync, into: DatabaseSync): void {
  const insert = prepare(into, 'INSERT OR IGNORE INTO search_key VALUES (?, ?, ?)');
  const first = largest(old, 'SELECT MIN(bucket) AS number FROM search_key');
  const last = largest(old, 'SELECT MAX(bucket) AS number FROM search_key');
  const inBucket = prepare<{ readonly hash: number; readonly message: string }>(
    old,
    'SELECT hash, message FROM search_key WHERE bucket = ?',
  );
  into.exec('BEGIN IMMEDIATE');
  for (let bucket = first; bucket <= last; bucket += 1) {
    for (const { hash, message } of ifReadable(() => inBucket.all(bucket)) ?? []) {
      insert.run(bucket, hash, message);
    }
  }
  into.exec('COMMIT');
}

/** Reads a message's recipients: at once where they are whole, else those that can be had. */
function createRecipientReader(
  old: DatabaseSync,
): (message: number, missed: () => void) => readonly RecipientRow[] {
  const select = `SELECT r.idx AS key, ${RECIPIENT_COLUMNS} FROM recipient r WHERE r.message = ?`;
  const all = prepare<OldRecipient>(old, select);
  const next = prepare<OldRecipient>(old, `${select} AND r.idx > ? ORDER BY r.idx LIMIT 1`);
  const track = prepare<{ readonly lane: string; readonly site: string }>(
    old,
    'SELECT lane, site FROM track WHERE id = ?',
  );
  const rowOf = (stored: OldRecipient): RecipientRow => {
    const place = ifReadable(() => track.get(stored.track));
    return recipientRow(stored, place ?? { lane: stored.domain, site: stored.domain });
  };
  return (message, missed) => {
    const whole = ifReadable(() => all.all(message));
    if (whole !== undefined) return whole.map(rowOf);
    const last = largest(
      old,
      `SELECT MAX(idx) AS number FROM recipient WHERE message = ${message}`,
    );
    return [...readableRows(next, last + BATCH, missed, message)].map(rowOf);
  };
}

/** The ids that the index knows, as far as it can be read: it is on other pages than the rows. */
function* idsOf(old: DatabaseSync): Iterable<string> {
  const ids = prepare<{ readonly id: string }>(
    old,
    `SELECT id FROM message INDEXED BY sqlite_autoindex_message_1 WHERE id > ? ORDER BY id LIMIT ${BATCH}`,
  );
  let after: string | undefined = '';
  while (after !== undefined) {
    const place: string = after;
    const found = ifReadable(() => ids.all(place)) ?? [];
    for (const { id } of found) yield id;
    after = found.at(-1)?.id;
  }
}

/** Works through rows in transactions of a bearable size. */
function inBatches<Row>(
  into: DatabaseSync,
  tables: Tables,
  rows: Iterable<Row>,
  work: (row: Row) => unknown,
): void {
  let count = 0;
  into.exec('BEGIN IMMEDIATE');
  for (const row of rows) {
    work(row);
    count += 1;
    if (count % BATCH !== 0) continue;
    commit(into, tables);
    into.exec('BEGIN IMMEDIATE');
  }
  commit(into, tables);
}

function commit(into: DatabaseSync, tables: Tables): void {
  tables.turns.settle();
  tables.counters.write();
  into.exec('COMMIT');
  tables.counters.committed();
}
