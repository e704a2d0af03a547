/**
 * The commit thread's `accept`: new messages, in rows, idempotent by message id; and `log`: what
 * there is to tell of messages that are not kept.
 */
import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { CommitVerbs, LoggedMessageRow, NewMessageRow, RecipientRow } from '../protocol.ts';
import { searchHash } from '../search-hash.ts';
import { prepare } from './statement.ts';
import { readyAt } from './tables.ts';
import type { Tables } from './tables.ts';

/** Messages in one bucket of search keys: so many that the bucket is a few pages. */
const BUCKET_MESSAGES = 1024;

export function createAccept(
  database: DatabaseSync,
  tables: Tables,
): Pick<CommitVerbs, 'accept' | 'log'> {
  const { counters, tracks, turns, told } = tables;
  const insertMessage = prepare(
    database,
    'INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
  );
  const insertContent = prepare(database, 'INSERT INTO content VALUES (?, ?)');
  const tell = createTeller(database, tables);
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
    const { now } = counters;
    const seq = now.lastMessage + 1;
    const { id, rank, acceptedAt, sizeBytes } = row;
    const { content, reversePath, file, head, prefix } = row;
    const digest = content === null ? row.digest : hash('sha256', content);
    const size = [acceptedAt, sizeBytes, digest] as const;
    const isNew = insertMessage.run(seq, id, rank, ...size, reversePath, file, head, prefix) > 0;
    if (!isNew) return 'present';
    now.lastMessage = seq;
    if (content !== null) insertContent.run(seq, content);
    for (const recipient of row.recipients) addRecipient(seq, rank, recipient);
    tell(seq, row);
    now.messages += 1;
    now.recipients += row.recipients.length;
    now.contentBytes += sizeBytes;
    return 'taken';
  }

  return { accept: (messages) => messages.map(add), log: createLog(counters, tell) };
}

function createLog(counters: Tables['counters'], tell: Teller): CommitVerbs['log'] {
  return (messages) => {
    for (const row of messages) {
      counters.now.lastMessage += 1; // so that it has its place in a bucket of search keys
      tell(counters.now.lastMessage, row);
    }
    return null;
  };
}

/** Writes events, and what they are found by. */
type Teller = (seq: number, row: LoggedMessageRow) => void;

function createTeller(database: DatabaseSync, tables: Tables): Teller {
  const insertKeys = createKeyInsert(database);
  return (seq, { id, events, keys }) => {
    insertKeys(Math.floor(seq / BUCKET_MESSAGES), keys, id);
    tables.append(events);
  };
}

/** Inserts search keys, all that most messages have in one statement. */
function createKeyInsert(
  database: DatabaseSync,
): (bucket: number, keys: readonly string[], message: string) => void {
  const insert = 'INSERT OR IGNORE INTO search_key VALUES';
  const one = prepare(database, `${insert} (?, ?, ?)`);
  const three = prepare(database, `${insert} (?1, ?2, ?5), (?1, ?3, ?5), (?1, ?4, ?5)`);
  return (bucket, texts, message) => {
    const keys = texts.map(searchHash);
    const [a, b, c] = keys;
    if (keys.length === 3 && a !== undefined && b !== undefined && c !== undefined) {
      three.run(bucket, a, b, c, message);
    } else {
      for (const key of keys) one.run(bucket, key, message);
    }
  };
}
