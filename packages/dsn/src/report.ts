/**
 * What a delivery status notification is made of. Plain data; nothing is looked up,
 * and time and chance come from outside, so that the same report is the same octets.
 */
import type { Domain, MailParams, MessageId, TransactionId } from '@posthouse/mail';
import type { Notification } from './decide.ts';
import type { ReturnedContent } from './returned-content.ts';

/** The message that is reported on; a queue's message record is one. */
export interface ReportedMessage {
  /** Its queue id. */
  readonly id: TransactionId;
  readonly params: MailParams;
  /** Whom it came from: the name given in EHLO, empty for a local call. */
  readonly origin: { readonly greeting: string };
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
  readonly messageId?: MessageId;
}

/** A notification, ready to be composed. */
export interface DsnReport {
  readonly notification: Notification;
  readonly message: ReportedMessage;
  readonly returned: ReturnedContent;
  /** The host that reports. */
  readonly reportingMta: Domain;
  /** The notification's own queue id: unique, for its Message-ID, and not to be guessed, for its boundary. */
  readonly id: TransactionId;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
}
