/**
 * One mail transaction of a client, driven into a MailReceiver.
 *
 * MAIL opens it, RCPTs may be put before MAIL was answered, content goes through a stage,
 * and the outcomes become replies once `commit` has resolved: never before. A fault of
 * the receiver is 451 like any other unknown failure. Whatever ends it early aborts it.
 *
 * RFC 5321 §3.3, §4.4 (Received); RFC 2033 §4.2 (a reply for each recipient).
 */
import { asMailError, formatFields, receivedField, refuse } from '@posthouse/mail';
import type {
  ContentWriter,
  Domain,
  ForwardPath,
  MailParams,
  MailReceiver,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
  ReversePath,
  TransferContext,
} from '@posthouse/mail';

/** What MAIL has settled. */
export interface Envelope {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  /** The facts of this session, for our Received field. */
  readonly hop: TransferContext;
  /** The facts that the receiver is told: the hop's, or those of the message's first session. */
  readonly context: TransferContext;
}

interface Recipient {
  readonly forwardPath: ForwardPath;
}

/** A transaction from MAIL to the reply after the mail data. */
export class IncomingMail {
  readonly envelope: Envelope;
  readonly #transaction: MailTransaction;
  /** Those that were taken or may still be, in the order in which they were named. */
  readonly #recipients = new Set<Recipient>();
  /** MAIL was answered well. */
  #isOpen = false;
  #ended = false;

  constructor(receiver: MailReceiver, envelope: Envelope) {
    this.envelope = envelope;
    const { reversePath, params, context } = envelope;
    this.#transaction = receiver.begin(reversePath, params, context);
    this.#transaction.opened.then(
      () => (this.#isOpen = true),
      () => undefined, // looked at by whoever awaits it
    );
  }

  get id(): MailTransaction['id'] {
    return this.#transaction.id;
  }

  /** MAIL's answer. @throws MailError */
  get opened(): Promise<void> {
    return this.#transaction.opened;
  }

  /** Recipients that were taken or may still be. */
  get recipientCount(): number {
    return this.#recipients.size;
  }

  /** Recipients that were taken, in the order in which they were named. */
  get recipients(): readonly ForwardPath[] {
    return [...this.#recipients].map((recipient) => recipient.forwardPath);
  }

  /** RCPT's answer. @throws MailError; also where MAIL turns out to be refused, or all is over */
  async recipient(forwardPath: ForwardPath, params: RcptParams): Promise<void> {
    if (this.#ended) throw refuse('command-sequence');
    const recipient: Recipient = { forwardPath };
    this.#recipients.add(recipient);
    try {
      const answer = this.#transaction.recipient(forwardPath, params);
      if (!this.#isOpen) {
        answer.catch(() => undefined); // MAIL's refusal is told first
        await this.opened.catch(() => {
          throw refuse('command-sequence', { text: 'No transaction: MAIL was refused' });
        });
      }
      await answer;
    } catch (error) {
      this.#recipients.delete(recipient);
      throw error;
    }
  }

  /**
   * Starts the content, with our Received field in front. Every recipient has been
   * answered by now.
   * @throws MailError
   */
  stage(hostname: Domain): ContentWriter {
    const [first, ...others] = this.#recipients;
    const only = others.length === 0 ? first : undefined;
    const received = receivedField({
      context: this.envelope.hop,
      by: hostname,
      id: this.id,
      smtpUtf8: this.envelope.params.smtpUtf8 === true,
      ...(only === undefined ? {} : { recipient: only.forwardPath }),
    });
    return this.#transaction.stage(formatFields([received]));
  }

  /** Hands over responsibility. @throws MailError, a fault of the receiver included */
  async commit(): Promise<readonly RecipientOutcome[]> {
    this.#ended = true;
    try {
      const outcomes = await this.#transaction.commit();
      const { recipientCount } = this;
      if (outcomes.length !== recipientCount) {
        throw new TypeError(`${outcomes.length} outcomes for ${recipientCount} recipients`);
      }
      return outcomes;
    } catch (thrown) {
      throw asMailError(thrown);
    }
  }

  /** Ends it without a trace; no effect after `commit` or a second time. Never rejects. */
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#transaction.abort().catch(() => undefined); // the seam says that it never throws
  }
}
