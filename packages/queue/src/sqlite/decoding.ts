/**
 * Rows into records. A row whose JSON cannot be read is damaged: DamagedRow says whose. Beyond
 * that rows are believed, because nobody but us has written them.
 */
import type { EventCursor, NewEvent, QueueEvent } from '../event.ts';
import type { Priority, QueueId, RecipientRecord, StoredMessage } from '../record.ts';
import { agesOf } from '../rules/age.ts';
import { PRIORITY_RANKS } from '../rules/priority-ranks.ts';
import type { Claimed, QueueEntry, SummaryLine } from '../store.ts';
import type { Head, Last, Path } from './encoding.ts';
import type {
  ClaimedRow,
  FoundRow,
  LoggedRow,
  MessageRow,
  RecipientRow,
  SummaryRow,
} from './protocol.ts';

/** A row that is not what was written. */
export class DamagedRow extends Error {
  override readonly name = 'DamagedRow';
  readonly id: QueueId;

  constructor(id: QueueId, options: ErrorOptions) {
    super(`the record of message ${id} cannot be read`, options);
    this.id = id;
  }
}

const PRIORITIES = Object.keys(PRIORITY_RANKS) as readonly Priority[]; // boundary: keys of a literal

/** @throws DamagedRow */
export function claimedOf({ message, recipients }: ClaimedRow): Claimed {
  const record = messageOf(message);
  return { message: record, recipients: recipients.map((row) => recipientOf(record.id, row)) };
}

/** @throws DamagedRow */
export function messageOf(row: MessageRow): StoredMessage {
  return { ...summaryOf(row), prefix: row.prefix, content: { kind: 'kept' } };
}

/** @throws DamagedRow */
export function entryOf({ message, recipient }: FoundRow): QueueEntry {
  const summary = summaryOf(message);
  return { message: summary, recipient: recipientOf(summary.id, recipient) };
}

/** Last words that cannot be read are left out: lists come upon them, and put them aside. */
export function summaryLineOf(row: SummaryRow): SummaryLine {
  const { domain, recipients, held, oldestAcceptedAt, younger, nextDueAt, restUntil } = row;
  return {
    domain,
    recipients,
    held,
    oldestAcceptedAt,
    ages: agesOf(younger, recipients),
    ...(nextDueAt === null ? {} : { nextDueAt }),
    ...(restUntil === null ? {} : { restUntil }),
    ...lastWordsOf(row.oldestLast),
  };
}

/** Behind the digits of the time. */
const TIME_DIGITS = 16;

function lastWordsOf(text: string | null): Pick<SummaryLine, 'lastReason' | 'lastReply'> {
  if (text === null) return {};
  try {
    const { lastReason, lastReply } = JSON.parse(text.slice(TIME_DIGITS)) as Last; // boundary: ours
    return {
      ...(lastReason === undefined ? {} : { lastReason }),
      ...(lastReply === undefined ? {} : { lastReply }),
    };
  } catch {
    return {};
  }
}

/** An event that cannot be read is still one: it says so. */
export function eventOf({ cursor, message, at, body }: LoggedRow): QueueEvent {
  const place = { message: idOf(message), at, cursor: cursorOf(cursor) };
  try {
    const rest = JSON.parse(body) as Omit<NewEvent, 'message' | 'at'>; // boundary: ours
    return { ...rest, ...place };
  } catch {
    return { kind: 'damaged', reason: 'this event cannot be read', ...place };
  }
}

/** The cursor of a number. */
export function cursorOf(number: number): EventCursor {
  return String(number) as EventCursor; // boundary: ours
}

/** A cursor's number; before everything for what is no cursor of ours. */
export function cursorNumber(cursor: EventCursor): number {
  return /^\d{1,15}$/.test(cursor) ? Number(cursor) : -1;
}

export function idOf(text: string): QueueId {
  return text as QueueId; // boundary: it was one when it was written
}

function summaryOf(row: Omit<MessageRow, 'prefix'>): QueueEntry['message'] {
  const id = idOf(row.id);
  const { messageId, tlsOptional, ...head } = parse<Head>(id, row.head);
  return {
    id,
    ...head,
    sizeBytes: row.sizeBytes,
    digest: row.digest,
    ...(messageId === undefined ? {} : { messageId }),
    ...(tlsOptional === undefined ? {} : { tlsOptional }),
    priority: PRIORITIES[row.rank] ?? 'bulk',
    acceptedAt: row.acceptedAt,
  };
}

function recipientOf(message: QueueId, row: RecipientRow): RecipientRecord {
  const { index, lane, site, attempts, dueAt, lease, token } = row;
  return {
    message,
    index,
    ...parse<Path>(message, row.path),
    state: row.held === 1 ? 'held' : 'queued',
    lane,
    site,
    attempts,
    dueAt,
    ...parse<Last>(message, row.last),
    ...(lease === null
      ? {}
      : { lease: { owner: lease.owner, token, until: lease.until, begun: lease.begun === 1 } }),
  };
}

function parse<Value>(id: QueueId, text: string): Value {
  try {
    return JSON.parse(text) as Value; // boundary: ours
  } catch (cause) {
    throw new DamagedRow(id, { cause });
  }
}
