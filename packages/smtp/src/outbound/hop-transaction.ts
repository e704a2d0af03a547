/**
 * One transaction of a next hop: the seam in front of a session that may still have to be
 * found, and that may turn out to be dead.
 *
 * What is said before MAIL was answered is kept, a small content and the commit with it, and said
 * in one batch once a session is there. A connection that was used before and is gone when the
 * peer should answer MAIL has lost nothing: all is said once more on a fresh one, unseen, once.
 * Not where the content had left with MAIL: unless the peer has refused that by a 421, it may
 * have taken the message. After MAIL was answered nothing is repeated.
 */
import { asMailError, MailError, newTransactionId, refuse } from '@posthouse/mail';
import type {
  Clock,
  ContentWriter,
  ForwardPath,
  Logger,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
} from '@posthouse/mail';
import type { HopSessions } from './hop-sessions.ts';
import { KeptContent } from './kept-content.ts';
import { isClosing } from './peer-reply.ts';
import type { ClientSession } from './session.ts';
import type { Opening, WireTransaction } from './transaction.ts';

export interface HopTransactionDeps {
  readonly sessions: HopSessions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A call of `recipient`, to be made anew on each session that is tried. */
interface Call {
  readonly forwardPath: ForwardPath;
  readonly params: RcptParams;
  readonly signal: AbortSignal | undefined;
  answer: Promise<void> | undefined;
}

interface Staged {
  readonly prefix: Uint8Array;
  readonly signal: AbortSignal | undefined;
  readonly kept: KeptContent;
  /** The one of the session that is tried. */
  writer: ContentWriter | undefined;
  /** Whether the end was said to us, and to that one. */
  isComplete: boolean;
  isEnded: boolean;
}

export class HopTransaction implements MailTransaction {
  readonly id: MailTransaction['id'];
  readonly opened: Promise<void>;
  readonly #opening: Opening;
  readonly #deps: HopTransactionDeps;
  readonly #calls: Call[] = [];
  #state: 'open' | 'staged' | 'ended' = 'open';
  /** Whether `opened` has settled. */
  #isAnswered = false;
  #staged: Staged | undefined;
  #session: ClientSession | undefined;
  #onward: WireTransaction | undefined;
  /** Set while a session is being sought. */
  #seeking: AbortController | undefined;
  #aborted: Promise<void> | undefined;
  /** Set once `commit` was called. */
  #commit: { readonly signal: AbortSignal | undefined } | undefined;
  /** What becomes of a commit that was called before MAIL was answered, on the session that is tried. */
  #handedOver: Promise<readonly RecipientOutcome[]> | undefined;

  constructor(opening: Opening, deps: HopTransactionDeps, signal?: AbortSignal) {
    this.#opening = opening;
    this.#deps = deps;
    this.id = newTransactionId(deps.clock.now());
    this.opened = this.#open(signal);
    this.opened.catch(() => this.#refused());
  }

  async recipient(
    forwardPath: ForwardPath,
    params: RcptParams,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#mustBe('open');
    if (signal?.aborted === true) throw asMailError(signal.reason);
    const call: Call = { forwardPath, params, signal, answer: undefined };
    this.#calls.push(call);
    if (this.#onward === undefined) await this.#unlessWithdrawn(call);
    else this.#issue(call, this.#onward);
    await this.opened;
    return call.answer;
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    this.#mustBe('open');
    if (this.#calls.length === 0) throw new Error('no recipient was taken');
    const kept = new KeptContent();
    const writer = this.#onward?.stage(prefix, signal, true);
    const staged: Staged = { prefix, signal, kept, writer, isComplete: false, isEnded: false };
    this.#staged = staged;
    this.#state = 'staged';
    return {
      write: (chunk) => this.#write(staged, chunk),
      end: () => this.#end(staged),
    };
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    this.#mustBe('staged');
    if (this.#staged?.isComplete !== true) throw new Error('the content is not complete');
    this.#state = 'ended';
    this.#commit = { signal };
    try {
      this.#handOver();
      await this.opened;
      if (this.#handedOver === undefined) throw new Error('no session stands');
      return await this.#handedOver;
    } catch (error) {
      // What was said in the same turn is answered first: it keeps its answers, and we the connection.
      await Promise.allSettled([this.#handedOver, ...this.#calls.map(({ answer }) => answer)]);
      throw error;
    } finally {
      await this.#letGo();
    }
  }

  abort(): Promise<void> {
    if (this.#state !== 'ended') {
      this.#state = 'ended';
      this.#aborted = this.#letGo();
    }
    return this.#aborted ?? Promise.resolve();
  }

  async #write(staged: Staged, chunk: Uint8Array): Promise<void> {
    this.#mustBe('staged');
    if (!this.#isAnswered && staged.kept.keep(chunk)) return;
    const writer = await this.#writerOf(staged);
    await writer.write(Buffer.from(chunk)); // given away
  }

  async #end(staged: Staged): Promise<void> {
    this.#mustBe('staged');
    if (this.#isAnswered) {
      const writer = await this.#writerOf(staged);
      staged.isEnded = true;
      await writer.end();
    }
    staged.isComplete = true; // the commit says it where it is not said
  }

  /** The writer of the session that stands, with all in it that was kept. */
  async #writerOf(staged: Staged): Promise<ContentWriter> {
    await this.opened;
    this.#mustBe('staged');
    if (staged.writer === undefined) throw new Error('the content was not staged');
    await staged.kept.pourInto(staged.writer);
    staged.kept.forget();
    return staged.writer;
  }

  /** Ends the content and commits on the session that is tried; on none, the next one does it. */
  #handOver(): void {
    const [staged, onward] = [this.#staged, this.#onward];
    if (staged?.writer === undefined || onward === undefined) return;
    this.#handedOver = pourAndCommit(staged, staged.writer, onward, this.#commit?.signal);
    this.#handedOver.catch(() => undefined); // perhaps never looked at, on a dead connection
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#answer(signal);
    } finally {
      this.#isAnswered = true;
    }
  }

  async #answer(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw asMailError(signal.reason);
    let session = this.#deps.sessions.takeIdle() ?? (await this.#seek(signal, false));
    for (;;) {
      const reused = session.transactions > 0;
      try {
        return await this.#attach(session, signal);
      } catch (error) {
        if (!reused || !isGone(error, session)) throw error;
        if (asMailError(error).inDoubt) {
          this.#deps.sessions.keepContentBack(); // once is enough: such peers close without a word
          throw error;
        }
        this.#deps.logger.debug(
          { event: 'next-hop-replaced', host: session.peer.name, transaction: this.id },
          'A connection to the next host was dead, opening another one',
        );
        session.destroy();
        this.#deps.sessions.release(session);
        this.#session = undefined;
        this.#onward = undefined;
        session = await this.#seek(signal, true);
      }
    }
  }

  /** Says all that was said so far, in this turn, and waits for MAIL's answer. */
  #attach(session: ClientSession, signal: AbortSignal | undefined): Promise<void> {
    const { reversePath, params, context } = this.#opening;
    this.#session = session;
    const onward = session.begin(reversePath, params, context, signal);
    this.#onward = onward;
    for (const call of this.#calls) this.#issue(call, onward);
    if (this.#staged !== undefined) {
      this.#staged.writer = onward.stage(this.#staged.prefix, this.#staged.signal, true);
    }
    if (this.#commit !== undefined) this.#handOver();
    return onward.opened;
  }

  #issue(call: Call, onward: MailTransaction): void {
    call.answer = onward.recipient(call.forwardPath, call.params, call.signal);
    call.answer.catch(() => undefined); // perhaps never looked at, on a dead connection
  }

  async #seek(signal: AbortSignal | undefined, fresh: boolean): Promise<ClientSession> {
    const seeking = new AbortController();
    this.#seeking = seeking;
    const until = signal === undefined ? seeking.signal : AbortSignal.any([signal, seeking.signal]);
    const session = await this.#deps.sessions.acquire(until, fresh);
    this.#seeking = undefined;
    if (this.#state !== 'ended' || this.#aborted === undefined) return session;
    this.#deps.sessions.release(session);
    throw givenUp();
  }

  /** Waits for a session; a call whose time is up before it was made is never made. */
  #unlessWithdrawn(call: Call): Promise<void> {
    const { signal } = call;
    if (signal === undefined) return this.opened;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (call.answer !== undefined) return; // it is given up where it was made
        const place = this.#calls.indexOf(call);
        if (place !== -1) this.#calls.splice(place, 1);
        reject(asMailError(signal.reason));
      };
      const done = (): void => signal.removeEventListener('abort', onAbort);
      signal.addEventListener('abort', onAbort);
      this.opened.then(resolve, reject).finally(done);
    });
  }

  /** Of a transaction that was refused nothing is left with the peer, even if nobody aborts. */
  async #refused(): Promise<void> {
    if (this.#commit === undefined) await this.#letGo();
  }

  /** Gives the session back, with nothing of the transaction left in it. */
  async #letGo(): Promise<void> {
    this.#seeking?.abort(givenUp());
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    await this.#onward?.abort();
    this.#deps.sessions.release(session);
  }

  #mustBe(state: 'open' | 'staged'): void {
    if (this.#state !== state) throw new Error(`the transaction is not ${state} any more`);
  }
}

async function pourAndCommit(
  { isEnded, kept }: Staged,
  writer: ContentWriter,
  onward: MailTransaction,
  signal: AbortSignal | undefined,
): Promise<readonly RecipientOutcome[]> {
  if (!isEnded) {
    await kept.pourInto(writer);
    await writer.end();
  }
  return onward.commit(signal);
}

/** Whether the peer was gone before it could answer: lost, or a 421 in place of the answer. */
function isGone(error: unknown, session: ClientSession): boolean {
  if (!(error instanceof MailError)) return !session.usable;
  return error.code === 'next-hop-lost' || (error.origin === 'peer' && isClosing(error.reply));
}

function givenUp(): MailError {
  return refuse('local-trouble', { text: 'The transaction was given up' });
}
