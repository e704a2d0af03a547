/**
 * The conversation on one connection after login: commands out, replies in, each reply
 * to the command it answers.
 *
 * Commands given in one turn of the event loop, with all that promises which settle in it
 * lead to, leave in one write where the peer offers PIPELINING, else one at a time. A connection that breaks, a deadline that passes or a
 * reply out of place ends it for good: every command still unanswered rejects with one
 * MailError, nothing is sent again, and the socket is gone. A 421 answers its command,
 * then ends the connection the same way.
 *
 * RFC 5321 §4.2; RFC 2920 §3.1 (which commands end a group).
 */
import type { Socket } from 'node:net';
import { asMailError, isPositive, refuse } from '@posthouse/mail';
import type { Clock, MailError, Reply } from '@posthouse/mail';
import { MovingDeadline } from './moving-deadline.ts';
import { isClosing, isGoAhead, outOfStep } from './peer-reply.ts';
import type { Speaker } from './peer-reply.ts';
import { ReplyReader } from './reply-reader.ts';
import { tellReply } from './transcript.ts';
import type { OnLine } from './transcript.ts';

/** What a command may ask for. */
export interface CommandOptions {
  /** How long its reply may take once it is the oldest one unanswered. */
  readonly waitMs: number;
  /** Nothing may follow it before its reply: DATA, QUIT (RFC 2920 §3.1). */
  readonly endsGroup?: boolean;
  /** Its positive reply is a 3yz, as DATA's is; else a 2yz. Another one means that we lost step. */
  readonly goAhead?: boolean;
  /** Octets that belong to it and follow its line: a chunk of BDAT. */
  readonly octets?: readonly Buffer[];
}

export interface PipelineOptions extends Speaker {
  /** Whether the peer offers PIPELINING. */
  readonly pipelining: boolean;
  readonly onLine?: OnLine | undefined;
}

interface Exchange {
  readonly line: string | undefined;
  readonly options: CommandOptions;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: MailError) => void;
}

/** Owns the socket from here on. */
export class CommandPipeline {
  readonly #socket: Socket;
  readonly #options: PipelineOptions;
  readonly #clock: Clock;
  readonly #reader: ReplyReader;
  readonly #replyDeadline: MovingDeadline;
  readonly #blockDeadline: MovingDeadline;
  /** Oldest first; the first `#sent` of them are on the wire. */
  readonly #exchanges: Exchange[] = [];
  #sent = 0;
  #flushing = false;
  /** A tick that is asked for among promises comes when all of them are through. */
  readonly #flushAfterPromises = (): void => process.nextTick(this.#flushNow);
  readonly #flushNow = (): void => this.#flush();
  #end: MailError | undefined;
  #onEarlyReply: ((reply: Reply) => void) | undefined;
  readonly #closing = Promise.withResolvers<MailError>();
  #drain: PromiseWithResolvers<void> | undefined;

  constructor(socket: Socket, options: PipelineOptions, clock: Clock) {
    this.#socket = socket;
    this.#options = options;
    this.#clock = clock;
    this.#reader = new ReplyReader((reply) => this.#take(reply));
    this.#replyDeadline = new MovingDeadline(clock, () => this.#tooLate());
    this.#blockDeadline = new MovingDeadline(clock, () => this.#tooLate());
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.destroy(this.#lost()));
    socket.on('error', (cause) => this.destroy(this.#lost(cause)));
    socket.on('close', () => this.destroy(this.#lost()));
    if (socket.destroyed || socket.readableEnded) this.destroy(this.#lost());
    socket.resume();
  }

  /** Who is at the other end. */
  get speaker(): Speaker {
    return this.#options;
  }

  /** Why it ended; `undefined` while it lives. */
  get end(): MailError | undefined {
    return this.#end;
  }

  /** Resolves with the reason once it has ended. */
  get closed(): Promise<MailError> {
    return this.#closing.promise;
  }

  /** Whether every command was answered. */
  get idle(): boolean {
    return this.#exchanges.length === 0;
  }

  /**
   * Sends a command. Its reply is the value, be it positive or a refusal.
   * @throws MailError the connection ended first; TypeError a line that is none
   */
  command(line: string, options: CommandOptions): Promise<Reply> {
    // The last fence against injection: what is inside a path was checked where it was parsed.
    if (/[\r\n\0]/.test(line)) return Promise.reject(new TypeError('a command must be one line'));
    const reply = this.#exchange(line, options);
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(this.#flushAfterPromises);
    }
    return reply;
  }

  /** Waits for one reply more, which no command of its own asks for: after the final dot, and in LMTP. */
  expect(waitMs: number): Promise<Reply> {
    const reply = this.#exchange(undefined, { waitMs });
    if (!this.#flushing) this.#flush();
    return reply;
  }

  /**
   * Writes content octets as they are, and resolves when the next may follow. The octets
   * must not change any more.
   * @param blockMs how long the peer may leave them untaken
   */
  write(octets: Buffer, blockMs: number): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    this.#options.onLine?.({ direction: 'noted', text: `${octets.length} octets of content` });
    if (this.#socket.write(octets)) return Promise.resolve();
    this.#blockDeadline.set(this.#clock.now() + blockMs);
    this.#drain ??= Promise.withResolvers<void>();
    this.#drain.promise.catch(() => undefined); // its writer may have given up
    return this.#drain.promise;
  }

  /** Resolves when the peer keeps up with what was written; absent: it does. */
  drained(): Promise<void> | undefined {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return this.#drain?.promise;
  }

  /** Says who gets a reply that comes while none is asked for; without one it ends the connection. */
  onEarlyReply(take: ((reply: Reply) => void) | undefined): void {
    this.#onEarlyReply = take;
  }

  /** Ends it at once. Idempotent: the first reason counts. */
  destroy(reason: MailError = this.#lost()): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#replyDeadline.end();
    this.#blockDeadline.end();
    this.#socket.destroy();
    for (const exchange of this.#exchanges.splice(0)) exchange.reject(reason);
    this.#drain?.reject(reason);
    this.#closing.resolve(reason);
  }

  #exchange(line: string | undefined, options: CommandOptions): Promise<Reply> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#exchanges.push({ line, options, resolve, reject });
    });
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#end !== undefined) return;
    const wasIdle = this.#sent === 0;
    let text = '';
    while (this.#maySend()) {
      const exchange = this.#exchanges[this.#sent++];
      if (exchange?.line === undefined) continue;
      text += `${exchange.line}\r\n`;
      this.#options.onLine?.({ direction: 'sent', text: exchange.line });
      const { octets } = exchange.options;
      if (octets === undefined) continue;
      this.#writeTogether(text, octets);
      text = '';
    }
    if (text !== '') this.#socket.write(text);
    if (wasIdle && this.#sent > 0) this.#startWaiting();
  }

  /** One piece of memory makes one write and one record of TLS. */
  #writeTogether(text: string, octets: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat([Buffer.from(text), ...octets]));
  }

  #maySend(): boolean {
    if (this.#sent >= this.#exchanges.length) return false;
    if (this.#sent === 0) return true;
    const before = this.#exchanges[this.#sent - 1];
    return this.#options.pipelining && before?.options.endsGroup !== true;
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      const { reply, fields } = asMailError(error);
      const { host } = this.#options;
      const text = reply.lines.join(' ');
      this.destroy(refuse('next-hop-lost', { text, fields, host, scope: 'host', cause: error }));
    }
  }

  #take(reply: Reply): void {
    if (this.#end !== undefined) return;
    tellReply(this.#options.onLine, reply);
    const exchange = this.#sent > 0 ? this.#exchanges[0] : undefined;
    if (exchange === undefined) return this.#unasked(reply);
    if (isPositive(reply) && isGoAhead(reply) !== (exchange.options.goAhead ?? false)) {
      return this.destroy(outOfStep(reply, this.#options.host));
    }
    this.#exchanges.shift();
    this.#sent--;
    exchange.resolve(reply);
    if (isClosing(reply)) return this.destroy(this.#closedBy(reply));
    if (this.#sent > 0) this.#startWaiting();
    else this.#replyDeadline.clear();
    if (this.#sent < this.#exchanges.length && !this.#flushing) this.#flush();
  }

  #unasked(reply: Reply): void {
    if (this.#onEarlyReply !== undefined) return this.#onEarlyReply(reply);
    this.destroy(isClosing(reply) ? this.#closedBy(reply) : outOfStep(reply, this.#options.host));
  }

  #startWaiting(): void {
    const waitMs = this.#exchanges[0]?.options.waitMs;
    if (waitMs !== undefined) this.#replyDeadline.set(this.#clock.now() + waitMs);
  }

  #drained(): void {
    this.#blockDeadline.clear();
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  #tooLate(): void {
    const { host } = this.#options;
    this.destroy(
      refuse('deadline-passed', {
        text: `The next host ${host.name} took too long`,
        host,
        scope: 'host',
      }),
    );
  }

  #closedBy(reply: Reply): MailError {
    const { host } = this.#options;
    return refuse('next-hop-lost', { host, scope: 'host', heard: reply });
  }

  #lost(cause?: unknown): MailError {
    const { host } = this.#options;
    return refuse('next-hop-lost', {
      host,
      scope: 'host',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
