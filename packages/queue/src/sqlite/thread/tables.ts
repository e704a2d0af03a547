/**
 * Rows of messages and recipients: the statements that several verbs of the commit thread
 * share, and the small steps that must always go together, so that counters and turns
 * follow every change of a row.
 */
import type { DatabaseSync } from 'node:sqlite';
import { Counters } from './counters.ts';
import type { EventRow, KeyRow, LeaseRow, MessageRow, RecipientRow } from '../protocol.ts';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';
import { Tracks } from './tracks.ts';
import { NEVER, Turns } from './turns.ts';

/** A recipient as the database has it. */
export interface StoredRecipient {
  readonly message: number;
  readonly idx: number;
  readonly track: number;
  readonly rank: number;
  readonly dueAt: number;
  readonly held: 0 | 1;
  readonly attempts: number;
  readonly token: number;
  readonly leaseOwner: string | null;
  readonly leaseUntil: number | null;
  readonly begun: 0 | 1;
  readonly address: string;
  readonly domain: string;
  readonly path: string;
  readonly last: string;
}

export const RECIPIENT_COLUMNS: string = `r.message, r.idx, r.track, r.rank, r.due_at AS dueAt, r.held,
  r.attempts, r.token, r.lease_owner AS leaseOwner, r.lease_until AS leaseUntil, r.begun,
  r.address, r.domain, r.path, r.last`;

export const MESSAGE_COLUMNS: string = `m.id, m.rank, m.accepted_at AS acceptedAt,
  m.size_bytes AS sizeBytes, m.digest, m.reverse_path AS reversePath, m.head`;

/** What may change of a recipient. */
export interface Standing {
  readonly track: number;
  readonly dueAt: number;
  readonly held: 0 | 1;
  readonly attempts: number;
  readonly token: number;
  readonly lease: LeaseRow | null;
  readonly last: string;
}

interface StoredMessage {
  readonly seq: number;
  readonly file: string | null;
  readonly sizeBytes: number;
}

export class Tables {
  readonly counters: Counters;
  readonly tracks: Tracks;
  readonly turns: Turns;
  /** Adopted files that nothing refers to once this transaction is committed. */
  readonly orphans: string[] = [];
  /** What listeners are told once it is committed. */
  readonly told: { due: boolean; events: boolean } = { due: false, events: false };
  readonly #byId: Statement<StoredMessage>;
  readonly #message: Statement<MessageRow>;
  readonly #recipient: Statement<StoredRecipient>;
  readonly #recipients: Statement<StoredRecipient>;
  readonly #update: Statement<never>;
  readonly #deleteRecipient: Statement<never>;
  readonly #deleteEmptied: Statement<{ readonly file: string | null; readonly sizeBytes: number }>;
  readonly #deleteContent: Statement<never>;
  readonly #insertEvent: Statement<never>;

  constructor(database: DatabaseSync) {
    this.counters = new Counters(database);
    this.tracks = new Tracks(database);
    this.turns = new Turns(database, this.tracks);
    this.#byId = prepare(
      database,
      'SELECT seq, file, size_bytes AS sizeBytes FROM message WHERE id = ?',
    );
    this.#message = prepare(
      database,
      `SELECT ${MESSAGE_COLUMNS}, m.prefix FROM message m WHERE m.seq = ?`,
    );
    this.#recipient = prepare(
      database,
      `SELECT ${RECIPIENT_COLUMNS} FROM message m
         JOIN recipient r ON r.message = m.seq AND r.idx = ? WHERE m.id = ?`,
    );
    this.#recipients = prepare(
      database,
      `SELECT ${RECIPIENT_COLUMNS} FROM recipient r WHERE r.message = ?`,
    );
    this.#update = prepare(
      database,
      `UPDATE recipient SET track = ?, ready_at = ?, due_at = ?, held = ?, attempts = ?, token = ?,
         lease_owner = ?, lease_until = ?, begun = ?, last = ? WHERE message = ? AND idx = ?`,
    );
    this.#deleteRecipient = prepare(
      database,
      'DELETE FROM recipient WHERE message = ? AND idx = ?',
    );
    this.#deleteEmptied = prepare(
      database,
      `DELETE FROM message WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM recipient WHERE message = ?1)
         RETURNING file, size_bytes AS sizeBytes`,
    );
    this.#deleteContent = prepare(database, 'DELETE FROM content WHERE message = ?');
    this.#insertEvent = prepare(database, 'INSERT INTO event VALUES (?, ?, ?, ?)');
  }

  messageById(id: string): StoredMessage | undefined {
    return this.#byId.get(id);
  }

  messageRow(seq: number): MessageRow | undefined {
    return this.#message.get(seq);
  }

  find(key: KeyRow): StoredRecipient | undefined {
    return this.#recipient.get(key.index, key.message);
  }

  recipientsOf(message: number): readonly StoredRecipient[] {
    return this.#recipients.all(message);
  }

  /** Writes down how a recipient stands now. */
  put(stored: StoredRecipient, standing: Standing): void {
    const { lease } = standing;
    this.turns.touch(stored.track, stored.rank);
    this.turns.touch(standing.track, stored.rank);
    this.#update.run(
      standing.track,
      readyAt(standing),
      standing.dueAt,
      standing.held,
      standing.attempts,
      standing.token,
      lease?.owner ?? null,
      lease?.until ?? null,
      lease?.begun ?? 0,
      standing.last,
      stored.message,
      stored.idx,
    );
  }

  /** Takes a recipient out, and its message with the last one. */
  remove({ message, idx, track, rank }: StoredRecipient): void {
    const { now } = this.counters;
    this.#deleteRecipient.run(message, idx);
    this.turns.touch(track, rank);
    now.recipients -= 1;
    const emptied = this.#deleteEmptied.get(message);
    if (emptied === undefined) return;
    if (emptied.file === null) this.#deleteContent.run(message);
    else this.orphans.push(emptied.file);
    now.messages -= 1;
    now.contentBytes -= emptied.sizeBytes;
  }

  append(events: readonly EventRow[]): void {
    const { now } = this.counters;
    for (const { message, at, body } of events) {
      now.lastCursor += 1;
      now.latestAt = Math.max(now.latestAt, at);
      this.#insertEvent.run(now.lastCursor, message, at, body);
    }
    if (events.length > 0) this.told.events = true;
  }

  /** The recipient as the event loop knows it. */
  recipientRow(stored: StoredRecipient): RecipientRow {
    return recipientRow(stored, this.tracks.of(stored.track));
  }
}

/** When a claim could have it, its lane's rest apart. */
export function readyAt(standing: Pick<Standing, 'dueAt' | 'held' | 'lease'>): number {
  if (standing.held === 1) return NEVER;
  return Math.max(standing.dueAt, standing.lease?.until ?? standing.dueAt);
}

/** How a recipient stands, to be changed. */
export function standingOf(stored: StoredRecipient): Standing {
  const { track, dueAt, held, attempts, token, last } = stored;
  return { track, dueAt, held, attempts, token, last, lease: leaseOf(stored) };
}

export function leaseOf(
  stored: Pick<StoredRecipient, 'leaseOwner' | 'leaseUntil' | 'begun'>,
): LeaseRow | null {
  const { leaseOwner: owner, leaseUntil: until, begun } = stored;
  return owner === null || until === null ? null : { owner, until, begun };
}

export function recipientRow(
  stored: StoredRecipient,
  { lane, site }: { readonly lane: string; readonly site: string },
): RecipientRow {
  const { idx, dueAt, held, attempts, token, address, domain, path, last } = stored;
  const fixed = { index: idx, address, domain, path };
  return { ...fixed, lane, site, dueAt, held, attempts, token, last, lease: leaseOf(stored) };
}
