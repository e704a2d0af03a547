/**
 * One mail transaction on a session: the seam's MailTransaction over the wire.
 *
 * Each command is one promise and each recipient is answered with the peer's own words. With
 * PIPELINING all that is said in one turn leaves in one write: MAIL, its recipients, and behind
 * them DATA, or the whole content where it may run ahead.
 *
 * A call that is given up while the peer owes its answer ends the connection: nobody could say any
 * more what a later final dot would do. What is lost is delayed; once the content's end has left,
 * what the peer has not refused, MAIL and RCPT too, is in doubt as well. Nothing is sent twice.
 * RFC 5321 §3.3, §4.1.1; RFC 3030 §4.2; RFC 2033 §4.2 (a reply for each recipient after the content).
 */
import {
  asMailError,
  isPositive,
  newTransactionId,
  outcomeOfError,
  refuse,
  replyStatus,
  sameMailbox,
} from '@posthouse/mail';
import type {
  Clock,
  ContentWriter,
  ForwardPath,
  MailError,
  MailParams,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
  Reply,
  ReversePath,
  TransferContext,
} from '@posthouse/mail';
import { BdatSender } from './bdat-sender.ts';
import type { CommandPipeline } from './command-pipeline.ts';
import type { ContentSender, SenderDeps } from './content-sender.ts';
import { DataSender } from './data-sender.ts';
import { mailCommand, mustConvert, rcptCommand, wantsSmtpUtf8 } from './envelope-command.ts';
import type { SessionFacts } from './envelope-command.ts';
import { inDoubt, messageRefusal, recipientRefusal } from './peer-reply.ts';
import { SevenBitSender } from './seven-bit/seven-bit-sender.ts';
import type { OutboundTimeouts } from './timeouts.ts';
import { Withdrawal } from './withdrawal.ts';

/** What the transaction begins with. */
export interface Opening {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  readonly context: TransferContext;
}

/** What its session lends it. */
export interface TransactionDeps {
  readonly pipeline: CommandPipeline;
  readonly facts: SessionFacts;
  readonly protocol: 'smtp' | 'lmtp';
  readonly chunking: boolean;
  /** Whether content in one chunk may leave before MAIL and RCPT were answered. */
  readonly runsAhead: boolean;
  readonly timeouts: OutboundTimeouts;
  readonly clock: Clock;
  /** Called once, when the session is free for the next transaction. */
  onEnd(): void;
}

interface Named {
  readonly forwardPath: ForwardPath;
  readonly answered: Promise<void>;
  accepted: boolean;
  /** In LMTP: the same mailbox, named before, whose answer and outcome this one shares. */
  readonly twin?: Named;
}

/** A transaction that may be given content, where the seam only lends it. */
export interface WireTransaction extends MailTransaction {
  /** @param isGiven whether prefix and chunks never change any more, so that none is copied */
  stage(prefix: Uint8Array, signal?: AbortSignal, isGiven?: boolean): ContentWriter;
}

export class ClientTransaction implements WireTransaction {
  readonly id: MailTransaction['id'];
  readonly opened: Promise<void>;
  readonly #deps: TransactionDeps;
  readonly #smtpUtf8: boolean;
  readonly #converts: boolean;
  /** A call that is given up while the peer owes its answer ends the connection. */
  readonly #withdrawal: Withdrawal;
  #state: 'open' | 'staged' | 'ended' = 'open';
  /** Why there is no transaction at the peer; known at once where we refuse ourselves. */
  #refusal: MailError | undefined;
  #mailSent = false;
  /** In the order of the calls, refused ones included. */
  readonly #recipients: Named[] = [];
  #pending = 0;
  #accepted = 0;
  /** RCPT commands that were said. */
  #asked = 0;
  /** The end of the content has left, or is about to: the peer may have it. */
  #handedOver = false;
  #sender: ContentSender | undefined;
  /** The signal that covers all writing. */
  #stagedUntil: AbortSignal | undefined;
  #writing: 'on' | 'complete' | 'broken' = 'on';
  #aborted: Promise<void> | undefined;

  constructor(opening: Opening, deps: TransactionDeps, signal?: AbortSignal) {
    this.#deps = deps;
    this.id = newTransactionId(deps.clock.now());
    this.#converts = mustConvert(opening.params, deps.facts.offers);
    this.#smtpUtf8 = wantsSmtpUtf8(opening.reversePath, opening.params);
    this.#withdrawal = new Withdrawal((reason) => deps.pipeline.destroy(asMailError(reason)));
    this.opened = this.#open(opening, signal);
    this.opened.catch(() => undefined); // the caller may look later, or only abort
  }

  async recipient(
    forwardPath: ForwardPath,
    params: RcptParams,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#mustBe('open');
    if (this.#refusal !== undefined) throw this.#refusal;
    if (signal?.aborted === true) throw asMailError(signal.reason);
    const twin = this.#deps.protocol === 'lmtp' ? this.#named(forwardPath) : undefined;
    const answered = twin === undefined ? this.#ask(forwardPath, params, signal) : twin.answered;
    const named: Named = { forwardPath, answered, accepted: false, ...(twin && { twin }) };
    this.#recipients.push(named);
    this.#pending++;
    try {
      await answered;
      named.accepted = true;
      this.#accepted++;
    } finally {
      this.#pending--;
    }
  }

  stage(prefix: Uint8Array, signal?: AbortSignal, isGiven = false): ContentWriter {
    this.#mustBe('open');
    if (this.#refusal !== undefined) return refusedWriter(this.#refusal);
    if (this.#pending + this.#accepted === 0) throw new Error('no recipient was taken');
    this.#state = 'staged';
    const { facts, chunking } = this.#deps;
    const plain =
      chunking && facts.offers.chunking
        ? new BdatSender(this.#senderDeps(isGiven))
        : new DataSender(this.#senderDeps(isGiven), facts.offers.pipelining);
    const sender = this.#converts ? new SevenBitSender(plain) : plain;
    this.#sender = sender;
    this.#stagedUntil = signal;
    let prefixed: Promise<void> | undefined = this.#write(() => sender.write(prefix));
    prefixed.catch(() => undefined); // told by the first write
    return {
      write: async (chunk) => {
        if (prefixed !== undefined) await prefixed;
        prefixed = undefined;
        return this.#write(() => sender.write(chunk));
      },
      end: async () => {
        await prefixed;
        await this.#write(() => sender.end());
        this.#writing = 'complete';
      },
    };
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    this.#mustBe('staged');
    const sender = this.#sender;
    if (sender === undefined || this.#writing !== 'complete') {
      throw new Error('the content is not complete');
    }
    this.#state = 'ended';
    try {
      return await this.#conclude(sender, signal);
    } finally {
      this.#over();
    }
  }

  abort(): Promise<void> {
    if (this.#state !== 'ended') this.#aborted = this.#giveUp();
    return this.#aborted ?? Promise.resolve();
  }

  async #open({ reversePath, params, context }: Opening, signal?: AbortSignal): Promise<void> {
    const { pipeline, facts, timeouts } = this.#deps;
    try {
      if (signal?.aborted === true) throw signal.reason;
      const line = mailCommand(reversePath, params, context, facts);
      this.#mailSent = true;
      const asked = pipeline.command(line, { waitMs: timeouts.mailMs });
      const reply = await this.#withdrawal.watch(asked, signal);
      if (!isPositive(reply)) throw messageRefusal(reply, facts);
    } catch (error) {
      this.#refusal = this.#lost(error);
      throw this.#refusal;
    }
  }

  async #ask(forwardPath: ForwardPath, params: RcptParams, signal?: AbortSignal): Promise<void> {
    const { pipeline, facts, timeouts } = this.#deps;
    const { rcptMax } = facts.offers.limits;
    if (rcptMax !== undefined && this.#pending + this.#accepted >= rcptMax) {
      throw refuse('too-many-recipients', { host: facts.host, scope: 'recipient' }); // RFC 9422
    }
    const line = rcptCommand(forwardPath, params, this.#smtpUtf8, facts);
    const asked = pipeline.command(line, { waitMs: timeouts.rcptMs });
    this.#asked++;
    const reply = await this.#withdrawal.watch(asked, signal).catch((error: unknown) => {
      throw this.#refusal ?? this.#lost(error);
    });
    // After a refused MAIL the peer says 503 to each RCPT: not a word about the recipient.
    await this.opened;
    if (!isPositive(reply)) throw recipientRefusal(reply, facts);
  }

  #named(forwardPath: ForwardPath): Named | undefined {
    const known = this.#recipients.find((named) => sameMailbox(named.forwardPath, forwardPath));
    return known?.twin ?? known;
  }

  get #isAnswered(): boolean {
    return this.#pending === 0 && this.#accepted > 0;
  }

  get #mayRunAhead(): boolean {
    return this.#deps.runsAhead && this.#asked > 0 && this.#refusal === undefined;
  }

  async #recipientsAnswered(): Promise<void> {
    await this.opened;
    await Promise.allSettled(this.#recipients.map((named) => named.answered));
    if (this.#accepted === 0) throw new Error('every recipient was refused');
  }

  #senderDeps(isGiven: boolean): SenderDeps {
    const isAnswered = (): boolean => this.#isAnswered;
    const mayRunAhead = (): boolean => this.#mayRunAhead;
    return {
      pipeline: this.#deps.pipeline,
      timeouts: this.#deps.timeouts,
      isGiven,
      get answered() {
        return isAnswered();
      },
      get runsAhead() {
        return mayRunAhead();
      },
      recipientsAnswered: () => this.#recipientsAnswered(),
    };
  }

  /** Takes a step of the content. What failed once is never completed. */
  async #write(step: () => Promise<void> | undefined): Promise<void> {
    this.#mustBe('staged');
    if (this.#writing !== 'on') throw new Error(`the content is ${this.#writing} already`);
    try {
      const held = step();
      if (held !== undefined) await this.#withdrawal.watch(held, this.#stagedUntil);
    } catch (error) {
      this.#writing = 'broken';
      throw error;
    }
  }

  async #conclude(
    sender: ContentSender,
    signal: AbortSignal | undefined,
  ): Promise<readonly RecipientOutcome[]> {
    const { pipeline, protocol } = this.#deps;
    if (signal?.aborted === true) pipeline.destroy(asMailError(signal.reason));
    const { end } = pipeline;
    if (end !== undefined) {
      if (!this.#isAnswered) await this.#recipientsAnswered();
      return this.#taken.map(() => this.#refused(end));
    }
    this.#handedOver = true;
    const runsAhead = !this.#isAnswered;
    const count = protocol === 'lmtp' ? copiesOf(this.#taken).length : 1;
    const answers = await this.#withdrawal.watch(Promise.allSettled(sender.finish(count)), signal);
    if (runsAhead) await this.#catchUp(answers);
    const outcomes = answers.map((answer) =>
      answer.status === 'fulfilled'
        ? this.#answered(answer.value)
        : this.#refused(this.#lost(answer.reason)),
    );
    const copies = copiesOf(this.#taken);
    return this.#taken.map((named) => {
      const place = protocol === 'lmtp' ? copies.indexOf(named.twin ?? named) : 0;
      return outcomes[place] ?? this.#refused(this.#lost(undefined));
    });
  }

  /**
   * The content was answered before we have looked at who was. Where the peer took it for nobody,
   * the transaction may still stand there: a refused chunk leaves that open (RFC 3030 §2).
   */
  async #catchUp(answers: readonly PromiseSettledResult<Reply>[]): Promise<void> {
    const isTaken = answers.some(
      (answer) => answer.status === 'fulfilled' && isPositive(answer.value),
    );
    if (!isTaken && this.#deps.pipeline.end === undefined) await this.#reset();
    await this.#recipientsAnswered();
  }

  get #taken(): readonly Named[] {
    return this.#recipients.filter((named) => named.accepted);
  }

  /** What the peer's reply to the whole content means for a recipient. */
  #answered(reply: Reply): RecipientOutcome {
    const { host, tls, offers } = this.#deps.facts;
    if (!isPositive(reply)) return this.#refused(messageRefusal(reply, this.#deps.facts));
    return {
      kind: 'relayed',
      status: replyStatus(reply),
      reply,
      host,
      ...(tls === undefined ? {} : { tls }),
      notifies: offers.dsn,
    };
  }

  #refused(error: unknown): RecipientOutcome {
    const { host, tls } = this.#deps.facts;
    return { ...outcomeOfError(error, host), ...(tls === undefined ? {} : { tls }) };
  }

  /** What is no answer, after the end of the content has left: the peer may have taken it. */
  #lost(thrown: unknown): MailError {
    const error = asMailError(thrown);
    return this.#handedOver && error.origin === 'ourselves' ? inDoubt(error) : error;
  }

  async #giveUp(): Promise<void> {
    this.#state = 'ended';
    const { pipeline, facts } = this.#deps;
    const refused = this.#refusal !== undefined;
    // Where nobody was taken, the refusal of a DATA that was said ahead follows at once.
    if (this.#sender !== undefined && this.#accepted === 0 && (refused || this.#pending === 0)) {
      await this.#withdrawal.watch(this.#sender.begun(), this.#stagedUntil);
    }
    if (!pipeline.idle || this.#sender?.inContent === true) {
      pipeline.destroy(
        refuse('next-hop-lost', { text: 'The transaction was given up', host: facts.host }),
      );
    } else if (this.#mailSent && !refused && pipeline.end === undefined) {
      await this.#reset();
    }
    this.#over();
  }

  async #reset(): Promise<void> {
    const { pipeline, timeouts } = this.#deps;
    const reply = await pipeline
      .command('RSET', { waitMs: timeouts.partingMs })
      .catch(() => undefined);
    if (reply === undefined || !isPositive(reply)) pipeline.destroy();
  }

  #over(): void {
    this.#withdrawal.end();
    this.#deps.onEnd();
  }

  #mustBe(state: 'open' | 'staged'): void {
    if (this.#state !== state) throw new Error(`the transaction is not ${state} any more`);
  }
}

/** Those that the peer was told: in LMTP it answers once for each. */
function copiesOf(taken: readonly Named[]): readonly Named[] {
  return taken.filter((named) => named.twin === undefined);
}

/** Where the content was staged before it was known that there is no transaction. */
function refusedWriter(refusal: MailError): ContentWriter {
  return { write: () => Promise.reject(refusal), end: () => Promise.reject(refusal) };
}
