/**
 * The seam: one transaction-shaped interface between any two agents.
 *
 * Queue, next hop and mailbox implement it; listeners, the queue's worker and
 * other agents call it. Within one process agents meet here as function calls,
 * between processes over SMTP or LMTP, and neither side can tell which.
 *
 * A transaction goes: begin → opened → recipient()* → stage() → write()* → end()
 * → commit(). Any step may be left for `abort()`, which makes pending calls reject.
 * Refusals are thrown as MailError and concern that step only; after `opened` or
 * writing failed, every call but `abort` rejects. `recipient` may be called again
 * before the last has settled, never after `stage`. Nothing is durable before
 * `commit` resolves, and everything is after. Every implementation passes the contract in @posthouse/testkit.
 */
import type { ForwardPath, ReversePath } from './path.ts';
import type { MailParams, RcptParams } from './parameters.ts';
import type { TransferContext } from './context.ts';
import type { TransactionId } from './identifiers.ts';
import type { RecipientOutcome } from './outcome.ts';

/** What a receiver can keep; a listener offers in EHLO no more than this. */
export interface ReceiverCapabilities {
  /** Largest message in octets, SIZE; absent: no limit of its own. */
  readonly maxSizeBytes?: number;
  /** Recipients in one transaction, LIMITS RCPTMAX (RFC 9422); absent: no limit of its own. */
  readonly maxRecipients?: number;
  readonly dsn: boolean;
  readonly smtpUtf8: boolean;
  readonly eightBitMime: boolean;
  readonly requireTls: boolean;
}

/** Something that takes responsibility for messages. */
export interface MailReceiver {
  /**
   * `all-or-nothing`: commit's outcomes are all of one kind, or a peer's own per-recipient
   * answers were given at RCPT already, so one reply after the mail data tells the truth.
   * `per-recipient`: outcomes may differ, as in LMTP. An SMTP listener refuses such a receiver.
   */
  readonly results: 'all-or-nothing' | 'per-recipient';
  /**
   * Whether all up to `commit` may be called before MAIL and RCPT were answered: what goes over the
   * wire is then said together, and round trips are saved. Writing waits for the answers where it
   * must; such a commit rejects as `opened` does, and where nobody was taken. @default false
   */
  readonly stagesAhead?: boolean;
  /** Cheap, and may change over time: asked for each EHLO. */
  capabilities(): ReceiverCapabilities;
  /** Opens a transaction without waiting; its answer is `opened`, which the signal covers. Never throws. */
  begin(
    reversePath: ReversePath,
    params: MailParams,
    context: TransferContext,
    signal?: AbortSignal,
  ): MailTransaction;
}

/** One message on its way into a receiver. */
export interface MailTransaction {
  /** Known before the content, because Received and the 250 name it. */
  readonly id: TransactionId;
  /** MAIL's answer. Left unread it does no harm. @throws MailError the transaction is refused */
  readonly opened: Promise<void>;
  /**
   * RCPT's answer. The same recipient twice is two recipients.
   * @throws MailError this recipient is refused, the transaction goes on (unless `opened` was refused)
   */
  recipient(forwardPath: ForwardPath, params: RcptParams, signal?: AbortSignal): Promise<void>;
  /**
   * Says that the recipients are complete and content follows; once, with a recipient taken (or,
   * where the receiver `stagesAhead`, asked for). The signal covers all writing.
   * @param prefix header fields added in front of the content, each ending in CRLF
   */
  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter;
  /**
   * Hands over responsibility. Called once, after the writer has ended.
   * @returns one outcome for each recipient() that resolved, in the order of the calls
   * @throws only faults and refusals of ours; a peer's refusal of the content is an outcome, and so
   * is a deadline or a lost connection once the peer may have taken the message: `delayed`, in doubt
   */
  commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]>;
  /** Leaves nothing behind. Idempotent; without effect once commit has begun. Never throws. */
  abort(): Promise<void>;
}

/** Takes the content in chunks, with canonical CRLF line ends. */
export interface ContentWriter {
  /**
   * Takes a chunk and resolves when the next may come (backpressure). The chunk is not kept
   * after that: the caller may use its memory again.
   * @throws MailError the content is refused (too large, storage full); then only `abort` is left
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Says that the content is complete. @throws as `write` */
  end(): Promise<void>;
}
