/**
 * What the queue remembers: one immutable record of a message, one small record
 * per recipient that changes with every attempt.
 *
 * The message owns the bytes; its recipients own their fate. A recipient whose
 * fate is decided leaves the queue in the same atomic step that writes its event,
 * and a message leaves with its last recipient.
 *
 * States of a recipient: `queued` (to be attempted when `dueAt` has come and no
 * lease runs) and `held` (an operator said: not until released). All other states
 * are final and live on only as events.
 */
import type {
  ForwardPath,
  MailParams,
  MessageId,
  RcptParams,
  Reply,
  ReversePath,
  TransactionId,
  TransferContext,
} from '@posthouse/mail';

/** The queue's name for a message: the id of the transaction that brought it. */
export type QueueId = TransactionId;

/** Connections are shared within a lane: next-hop set, TLS requirement, source address, credentials. */
export type LaneKey = string;

/** Limits and rest are shared within a site: provider rule, MX set or domain. */
export type SiteKey = string;

/** Which of two messages that are due goes first. */
export type Priority = 'notification' | 'interactive' | 'bulk';

/**
 * Where the content lies. Staged content is `inline` when small and `adopted`, a file that the store
 * owns, when large; `digest` is its SHA-256, hex. What the store answers says `kept`: read it with
 * `open`, when it is needed.
 */
export type ContentPointer =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'adopted'; readonly name: string; readonly digest: string }
  | { readonly kind: 'kept' };

/** A message, written once. */
export interface MessageRecord {
  readonly id: QueueId;
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  readonly origin: TransferContext;
  /** Header fields added on the way in. */
  readonly prefix: Uint8Array;
  readonly content: ContentPointer;
  /** Octets of the content without the prefix. */
  readonly sizeBytes: number;
  /** The Message-ID field's value where the message has one: what people search by. */
  readonly messageId?: MessageId;
  /** The header says `TLS-Required: No`: to arrive counts for more than TLS (RFC 8689 §3). */
  readonly tlsOptional?: true;
  readonly priority: Priority;
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
}

/** A message as a store has it. */
export interface StoredMessage extends MessageRecord {
  /** SHA-256 of the content without the prefix, hex. */
  readonly digest: string;
}

/** Names one recipient of one message. */
export interface RecipientKey {
  readonly message: QueueId;
  /** Position among the message's recipients, from 0. */
  readonly index: number;
}

/** The right to attempt a recipient. `token` grows with every lease of the recipient and fences late writers off. */
export interface Lease {
  readonly owner: string;
  readonly token: number;
  /** Milliseconds since the epoch; the lease ends by itself then. */
  readonly until: number;
  /** Whether an attempt began under it (`Store.begin`). */
  readonly begun: boolean;
}

/** A recipient as it stands now. */
export interface RecipientRecord extends RecipientKey {
  readonly forwardPath: ForwardPath;
  readonly params: RcptParams;
  readonly state: 'queued' | 'held';
  /** Hints, computed again whenever routing says otherwise. */
  readonly lane: LaneKey;
  readonly site: SiteKey;
  /** Attempts that were granted, whether or not they came to an end: above 0 before ours, ours is a repeat. */
  readonly attempts: number;
  /** When the next attempt may begin, milliseconds since the epoch. */
  readonly dueAt: number;
  /** The last attempt's end, in words and in the peer's own. */
  readonly lastReason?: string;
  readonly lastReply?: Reply;
  /** Whether the author has been told of a delay. */
  readonly delayTold: boolean;
  readonly lease?: Lease;
}
