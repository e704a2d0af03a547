/**
 * What carries a message out of the queue: one attempt in, one outcome for each
 * recipient out.
 *
 * A transmitter is told everything about the attempt and decides nothing about
 * the queue. What it throws is a fault of ours and delays all its recipients.
 */
import type { MailContent, RecipientOutcome, TransferContext } from '@posthouse/mail';
import type { MessageRecord, RecipientRecord } from './record.ts';

/** One try for some recipients of one message, all in one lane. */
export interface Attempt {
  readonly message: MessageRecord;
  /** At least one; at most `maxRecipientsPerAttempt`. */
  readonly recipients: readonly RecipientRecord[];
  /** With the message's prefix. May be opened again and again. */
  readonly content: MailContent;
  /** The message's origin, with `delivery`: the same id on every attempt, and whether this is a repeat. */
  readonly context: TransferContext;
  /** Aborts at the attempt's deadline, when the lease is lost, and when the queue must stop. */
  readonly signal: AbortSignal;
}

/** Carries messages to where they go next. */
export interface Transmitter {
  /**
   * @returns one outcome for each recipient, in their order
   * @throws only faults of ours: all recipients are delayed. A MailError with `inDoubt` is recorded so
   */
  transmit(attempt: Attempt): Promise<readonly RecipientOutcome[]>;
}
