/**
 * The event log's vocabulary: every change of a recipient's fate, written in the
 * transaction that makes the change.
 *
 * A message's life is its events in cursor order. Events are facts: they are never
 * changed, and leave only by age.
 */
import type { EnhancedStatus, FailureProof, RemoteHost, Reply, TlsFacts } from '@posthouse/mail';
import type { QueueId } from './record.ts';

/** What happened. */
export type EventKind =
  | 'accepted' // responsibility taken; durable
  | 'attempted' // an attempt ended without deciding the recipient's fate
  | 'delivered'
  | 'relayed'
  | 'failed'
  | 'expired'
  | 'held'
  | 'released'
  | 'rescheduled' // an operator asked for an attempt now
  | 'removed' // an operator took the recipient out
  | 'notification-sent' // a DSN about this recipient entered the queue
  | 'damaged'; // the record or its content was found damaged and moved aside

/** A fact to be written. Absent fields do not apply to the kind. */
export interface NewEvent {
  readonly kind: EventKind;
  readonly message: QueueId;
  /** The recipient's index; absent where the event is about the whole message. */
  readonly index?: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The recipient's address, so that an event can be read after its recipient is gone. */
  readonly recipient?: string;
  /** Of `accepted`: the address that the author wrote, where the recipient came of it (ORCPT). */
  readonly originalRecipient?: string;
  /** Of `accepted`: the reverse-path, `<>` for the null path. */
  readonly sender?: string;
  /** Of `accepted`: the message's Message-ID. */
  readonly messageId?: string;
  readonly status?: EnhancedStatus;
  readonly reply?: Reply;
  readonly host?: RemoteHost;
  readonly tls?: TlsFacts;
  readonly proof?: FailureProof;
  readonly reason?: string;
  /** When the next attempt is due. */
  readonly dueAt?: number;
  /** The queue id of the notification. */
  readonly notification?: QueueId;
  readonly inDoubt?: true;
}

declare const cursorBrand: unique symbol;

/** A place in the log. Opaque; grows in commit order. */
export type EventCursor = string & { readonly [cursorBrand]: true };

/** A fact that was written. */
export interface QueueEvent extends NewEvent {
  readonly cursor: EventCursor;
}
