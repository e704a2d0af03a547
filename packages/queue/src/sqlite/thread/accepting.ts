/** The commit thread's `accept`: new messages, in rows. Idempotent by message id. */
import type { DatabaseSync } from 'node:sqlite';
import type { CommitVerbs, NewMessageRow, RecipientRow } from '../protocol.ts';
import { prepare } from './statement.ts';
import { readyAt } from './tables.ts';
import type { Tables } from './tables.ts';

/** Messages in one bucket of search keys: so many that the bucket is a few pages. */
const BUCKET_MESSAGES = 1024;

export function createAccept(database: DatabaseSync, tables: Tables): CommitVerbs['accept'] {
  const { counters, tracks, turns, told } = tables;
  const insertMessage = prepare(
    database,
    'INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const insertContent = prepare(database, 'INSERT INTO content VALUES (?, ?)');
  const insertKey = prepare(database, 'INSERT OR IGNORE INTO search_key VALUES (?, ?, ?)');
  const insertRecipient = prepare(
    database,
    'INSERT INTO recipient VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );

  function addRecipient(message: number, rank: number, row: RecipientRow): void {
    const track = tracks.idOf(row.lane, row.site);
    insertRecipient.run(
      message,
      row.index,
      track,
      rank,
      readyAt(row),
      row.dueAt,
      row.held,
      row.attempts,
      row.token,
      row.lease?.owner ?? null,
      row.lease?.until ?? null,
      row.lease?.begun ?? 0,
      row.address,
      row.domain,
      row.path,
      row.last,
    );
    turns.touch(track, rank);
    if (row.lease === null) told.due = true;
  }

  function add(row: NewMessageRow): 'taken' | 'present' {
    if (tables.messageById(row.id) !== undefined) return 'present';
    const { now } = counters;
    now.lastMessage += 1;
    const seq = now.lastMessage;
    const { id, rank, acceptedAt, sizeBytes, digest } = row;
    const { reversePath, file, head, prefix } = row;
    const size = [acceptedAt, sizeBytes, digest] as const;
    insertMessage.run(seq, id, rank, ...size, reversePath, file, head, prefix);
    if (row.content !== null) insertContent.run(seq, row.content);
    for (const recipient of row.recipients) addRecipient(seq, rank, recipient);
    const bucket = Math.floor(seq / BUCKET_MESSAGES);
    for (const key of row.keys) insertKey.run(bucket, key, id);
    tables.append(row.events);
    now.messages += 1;
    now.recipients += row.recipients.length;
    now.contentBytes += sizeBytes;
    return 'taken';
  }

  return (messages) => messages.map(add);
}
