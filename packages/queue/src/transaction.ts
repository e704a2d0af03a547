/**
 * One message on its way into the queue.
 *
 * Content goes straight into the store's stage. `commit` resolves when the store
 * has made the message durable with all its recipients. A store that is full
 * becomes 452 4.3.1, any other trouble of it 451 4.3.0; whatever ends a transaction
 * before its commit, its stage is discarded.
 */
import { asMailError, newTransactionId, refuse, tooLarge } from '@posthouse/mail';
import type {
  ContentWriter,
  ForwardPath,
  MailError,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
} from '@posthouse/mail';
import { HeaderScan, messageIdIn } from './header-scan.ts';
import { refusalOfFault } from './intake.ts';
import type { Intake, NamedRecipient, Opening } from './intake.ts';
import type { ContentStage, StagedContent } from './store.ts';

type State = 'open' | 'staging' | 'staged' | 'committing' | 'ended';

/** What nearly all transactions are answered. */
const OPENED: Promise<void> = Promise.resolve();

export class QueueTransaction implements MailTransaction {
  readonly id: MailTransaction['id'];
  readonly opened: Promise<void>;
  readonly #intake: Intake;
  readonly #opening: Opening;
  readonly #recipients: NamedRecipient[] = [];
  readonly #scan = new HeaderScan();
  /** What this transaction makes back-pressure expect. */
  readonly #expectedBytes: number;
  /** What was thrown first; every later step but `abort` throws it again. */
  #failure: MailError | undefined;
  #state: State = 'open';
  #prefix: Uint8Array = new Uint8Array();
  #stage: ContentStage | undefined;
  #staged: StagedContent | undefined;
  #sizeBytes = 0;

  constructor(intake: Intake, opening: Opening) {
    this.#intake = intake;
    this.#opening = opening;
    this.id = newTransactionId(intake.clock.now());
    this.#failure = intake.refusal(opening.params);
    this.#expectedBytes = this.#failure === undefined ? (opening.params.sizeBytes ?? 0) : 0;
    intake.expect(this.#expectedBytes);
    this.opened = this.#failure === undefined ? OPENED : Promise.reject(this.#failure);
    if (this.#failure !== undefined) this.opened.catch(() => undefined); // left unread it does no harm
  }

  async recipient(
    forwardPath: ForwardPath,
    params: RcptParams,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#check('open', signal);
    // For their number only: a group of recipients must not be cut in two (decision 0001).
    if (this.#recipients.length >= this.#intake.options.maxRecipients) {
      throw refuse('too-many-recipients');
    }
    this.#recipients.push({ forwardPath, params });
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    this.#check('open', signal);
    if (this.#recipients.length === 0) throw new TypeError('no recipient was taken');
    this.#state = 'staging';
    this.#prefix = prefix;
    const stage = this.#intake.stage(this.#opening.params.sizeBytes);
    this.#stage = stage;
    return {
      write: (chunk) => this.#write(stage, chunk, signal),
      end: () => this.#end(stage, signal),
    };
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    this.#check('staged', signal);
    if (this.#staged === undefined) throw new TypeError('no content was staged');
    this.#state = 'committing';
    try {
      return await this.#intake.accept(
        {
          ...this.#opening,
          id: this.id,
          recipients: this.#recipients,
          prefix: this.#prefix,
          staged: this.#staged,
          messageId: this.#scan.end() ?? messageIdIn(Buffer.from(this.#prefix)),
          tlsOptional: this.#scan.tlsOptional,
        },
        signal,
      );
    } catch (error) {
      await this.#stage?.discard(); // without effect on what was accepted, should we be in doubt
      throw error;
    } finally {
      this.#finish();
    }
  }

  async abort(): Promise<void> {
    if (this.#state === 'committing' || this.#state === 'ended') return;
    this.#failure ??= refuse('local-trouble', { text: 'The transaction was aborted' });
    this.#finish();
    await this.#stage?.discard();
  }

  async #write(stage: ContentStage, chunk: Uint8Array, signal?: AbortSignal): Promise<void> {
    this.#check('staging', signal);
    this.#sizeBytes += chunk.byteLength;
    if (this.#sizeBytes > this.#intake.options.maxMessageBytes) {
      throw this.#fail(tooLarge(this.#intake.options.maxMessageBytes));
    }
    this.#scan.write(chunk);
    try {
      await stage.write(chunk);
    } catch (error) {
      throw this.#fail(refusalOfFault(error));
    }
    this.#check('staging', signal);
  }

  async #end(stage: ContentStage, signal?: AbortSignal): Promise<void> {
    this.#check('staging', signal);
    try {
      this.#staged = await stage.end();
    } catch (error) {
      throw this.#fail(refusalOfFault(error));
    }
    this.#check('staging', signal);
    this.#state = 'staged';
  }

  /** @throws what ended the transaction, the caller's deadline, or that it is not this step's turn */
  #check(state: State, signal: AbortSignal | undefined): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (signal?.aborted === true) throw asMailError(signal.reason);
    if (this.#state !== state)
      throw new TypeError(`the transaction is ${this.#state}, not ${state}`);
  }

  #fail(error: MailError): MailError {
    this.#failure = error;
    return error;
  }

  #finish(): void {
    this.#state = 'ended';
    this.#intake.ended(this.#expectedBytes);
  }
}
