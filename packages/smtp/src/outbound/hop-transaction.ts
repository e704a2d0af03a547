/**
 * One transaction of a next hop: the seam in front of a session that may still have to be
 * found, and that may turn out to be dead.
 *
 * What is said before a session is there is kept and said then, in one batch. A connection
 * that was used before and is gone when the peer should answer MAIL has lost nothing: all is
 * said once more on a fresh one, unseen, once. After MAIL was answered nothing is repeated.
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
import { isClosing } from './peer-reply.ts';
import type { ClientSession } from './session.ts';
import type { Opening } from './transaction.ts';

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
  writer: ContentWriter | undefined;
}

export class HopTransaction implements MailTransaction {
  readonly id: MailTransaction['id'];
  readonly opened: Promise<void>;
  readonly #opening: Opening;
  readonly #deps: HopTransactionDeps;
  readonly #calls: Call[] = [];
  #state: 'open' | 'staged' | 'ended' = 'open';
  #staged: Staged | undefined;
  #session: ClientSession | undefined;
  #onward: MailTransaction | undefined;
  /** Set while a session is being sought. */
  #seeking: AbortController | undefined;
  #aborted: Promise<void> | undefined;

  constructor(opening: Opening, deps: HopTransactionDeps, signal?: AbortSignal) {
    this.#opening = opening;
    this.#deps = deps;
    this.id = newTransactionId(deps.clock.now());
    this.opened = this.#open(signal);
    this.opened.catch(() => this.#letGo()); // refused: nothing of it is left with the peer
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
    const staged: Staged = { prefix, signal, writer: undefined };
    if (this.#onward !== undefined) staged.writer = this.#onward.stage(prefix, signal);
    this.#staged = staged;
    this.#state = 'staged';
    return {
      write: (chunk) => this.#write(staged, (writer) => writer.write(chunk)),
      end: () => this.#write(staged, (writer) => writer.end()),
    };
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    this.#mustBe('staged');
    this.#state = 'ended';
    try {
      await this.opened;
      if (this.#onward === undefined) throw new Error('no session stands');
      return await this.#onward.commit(signal);
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

  async #write(staged: Staged, step: (writer: ContentWriter) => Promise<void>): Promise<void> {
    await this.opened;
    this.#mustBe('staged');
    if (staged.writer === undefined) throw new Error('the content was not staged');
    return step(staged.writer);
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw asMailError(signal.reason);
    let session = this.#deps.sessions.takeIdle() ?? (await this.#seek(signal, false));
    for (;;) {
      const reused = session.transactions > 0;
      try {
        return await this.#attach(session, signal);
      } catch (error) {
        if (!reused || !isGone(error, session)) throw error;
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
      this.#staged.writer = onward.stage(this.#staged.prefix, this.#staged.signal);
    }
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
        const place = call.answer === undefined ? this.#calls.indexOf(call) : -1;
        if (place !== -1) this.#calls.splice(place, 1);
        reject(asMailError(signal.reason));
      };
      const done = (): void => signal.removeEventListener('abort', onAbort);
      signal.addEventListener('abort', onAbort);
      this.opened.then(resolve, reject).finally(done);
    });
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

/** Whether the peer was gone before it could answer: lost, or a 421 in place of the answer. */
function isGone(error: unknown, session: ClientSession): boolean {
  if (!(error instanceof MailError)) return !session.usable;
  return error.code === 'next-hop-lost' || (error.origin === 'peer' && isClosing(error.reply));
}

function givenUp(): MailError {
  return refuse('local-trouble', { text: 'The transaction was given up' });
}
