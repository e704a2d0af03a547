/**
 * One SMTP or LMTP session: the order of commands and replies, and how it ends.
 *
 * RCPTs overlap: a pipelined batch is put to the receiver at once. Every other command
 * waits until all before it are answered. Replies to what came in one packet go out in
 * one. The session ends after QUIT and 421, at a deadline, after too many errors, and,
 * when the listener stops, as soon as no transaction is open.
 *
 * RFC 5321 §4.1.4, §4.3; RFC 2920 §3.2; RFC 3207 §4.2 (what is forgotten after TLS).
 */
import { createReply, formatReply, refuse } from '@posthouse/mail';
import type {
  Clock,
  Identity,
  Logger,
  MailError,
  MailReceiver,
  Peer,
  Reply,
  TlsFacts,
} from '@posthouse/mail';
import { CommandLines } from './command-lines.ts';
import { runCommand } from './commands.ts';
import type { Intake, StreamConsumer } from './intake.ts';
import type { ListenerSettings } from './listener-options.ts';
import { Login } from './login.ts';
import { MailExchange } from './mail-exchange.ts';
import type { Answer } from './mail-exchange.ts';
import { NOTHING_OFFERED, offersOf } from './offers.ts';
import type { Offers } from './offers.ts';
import { READY_FOR_TLS, replyTo } from './replies.ts';
import { ReplyQueue } from './reply-queue.ts';
import { SessionLog } from './session-log.ts';
import type { RefusedStep } from './session-log.ts';
import type { SessionFacts, SessionPolicy } from './session-policy.ts';
import { Watch } from './watch.ts';

/** The connection under a session. */
export interface Wire {
  write(text: string): void;
  /** Resolves when the client has read enough of what was written; absent: it has. */
  drained(): Promise<void> | undefined;
  startTls(): void;
  /** Closes when what was written is sent. */
  close(): void;
}

/** What all sessions of a listener share. */
export interface SessionSurroundings {
  readonly settings: ListenerSettings;
  readonly receiver: MailReceiver;
  readonly policy: SessionPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known of a connection when it is made. */
export interface ConnectionFacts {
  readonly id: string;
  readonly peer: Peer;
  readonly tls?: TlsFacts;
}

const STEPS: Readonly<Record<string, RefusedStep>> = {
  MAIL: 'sender',
  RCPT: 'recipient',
  DATA: 'message',
  AUTH: 'login',
};

/** One session. It is its connection's consumer of octets. */
export class Session implements StreamConsumer {
  readonly settings: ListenerSettings;
  readonly receiver: MailReceiver;
  readonly policy: SessionPolicy;
  readonly clock: Clock;
  readonly log: SessionLog;
  readonly watch: Watch;
  readonly exchange: MailExchange;
  readonly login: Login;
  readonly #wire: Wire;
  readonly #lines: CommandLines;
  readonly #replies: ReplyQueue;
  #facts: SessionFacts;
  #offers: Offers = NOTHING_OFFERED;
  /** In charge of the octets instead of command lines. */
  #intake: Intake | undefined;
  /** Settles when the client may speak. */
  #opening: Promise<void> | undefined;
  #out = '';
  #flushing = false;
  /** Whether everything that came was taken. */
  #idle = false;
  #errors = 0;
  #draining = false;
  #closed = false;

  constructor(around: SessionSurroundings, connection: ConnectionFacts, wire: Wire) {
    this.settings = around.settings;
    this.receiver = around.receiver;
    this.policy = around.policy;
    this.clock = around.clock;
    this.#wire = wire;
    const protocol = around.settings.protocol === 'lmtp' ? 'lmtp' : 'smtp';
    this.#facts = { ...connection, protocol, greeting: '' };
    this.log = new SessionLog(around.logger, () => this.#facts);
    this.watch = new Watch(around.clock, around.settings.limits, (error) => this.#expire(error));
    this.exchange = new MailExchange(this);
    this.login = new Login(this);
    this.#replies = new ReplyQueue(
      (reply) => this.#due(reply),
      (thrown) => this.failed(thrown),
    );
    const normalize = around.settings.bareLineEndings(connection.peer) === 'normalize';
    this.#lines = new CommandLines(this, normalize);
  }

  get facts(): SessionFacts {
    return this.#facts;
  }

  get offers(): Offers {
    return this.#offers;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Whether nothing can be said any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Greets, or refuses the connection. @param refusal set where the connection is one too many */
  open(refusal: MailError | undefined): void {
    this.log.opened();
    try {
      if (refusal !== undefined) throw refusal;
      const verdict = this.policy.connect?.(this.#facts);
      if (verdict === undefined) return this.#greet();
      this.#opening = Promise.resolve(verdict)
        .then(() => this.#greet())
        .catch((thrown: unknown) => this.failed(thrown))
        .finally(() => (this.#opening = undefined));
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  arrived(octets: number): void {
    this.#idle = false;
    this.watch.working(octets);
  }

  take(chunk: Buffer, at: number): number | Promise<number> {
    // What comes before the greeting waits for it.
    if (this.#opening !== undefined) return this.#opening.then(() => 0);
    return (this.#intake ?? this.#lines).take(chunk, at);
  }

  settled(): Promise<void> | undefined {
    this.#idle = true;
    this.#flush();
    if (!this.#closed) this.watch.waiting();
    return this.#wire.drained();
  }

  /** A command line, or the answer to a challenge. */
  line(text: string): void | Promise<void> {
    if (this.#closed) return;
    if (this.login.awaitsResponse) {
      return this.#run('AUTH', () => this.login.respond(text));
    }
    const space = text.indexOf(' ');
    const verb = (space === -1 ? text : text.slice(0, space)).toUpperCase();
    const argument = space === -1 ? '' : text.slice(space + 1);
    const run = (): void | Promise<void> => this.#run(verb, () => runCommand(this, verb, argument));
    return verb === 'RCPT' || this.#replies.settled ? run() : this.#replies.whenSettled().then(run);
  }

  /** A line that cannot be run. */
  broken(error: MailError): void | Promise<void> {
    return this.#run('', () => {
      throw error;
    });
  }

  /** The client's name and dialect; whatever was open is ended (RFC 5321 §4.1.4). */
  greet(protocol: SessionFacts['protocol'], name: string): Offers {
    this.exchange.abort();
    this.#facts = { ...this.#facts, protocol, greeting: name };
    this.#offers = offersOf(this.#facts, this.settings, this.receiver);
    return this.#offers;
  }

  identify(identity: Identity): void {
    this.#facts = { ...this.#facts, identity };
    this.#offers = offersOf(this.#facts, this.settings, this.receiver);
  }

  startTls(): void {
    this.say(READY_FOR_TLS);
    this.#write();
    this.#wire.startTls();
    this.watch.waiting();
  }

  /** TLS is up: everything the client said before is forgotten (RFC 3207 §4.2). */
  secured(tls: TlsFacts): void {
    const { id, peer } = this.#facts;
    const protocol = this.settings.protocol === 'lmtp' ? 'lmtp' : 'smtp';
    this.#facts = { id, peer, tls, protocol, greeting: '' };
    this.#offers = NOTHING_OFFERED;
  }

  say(reply: Reply): void {
    this.#replies.push(reply);
  }

  messageTaken(): void {
    this.#errors = 0;
  }

  listenTo(intake: Intake | undefined): void {
    this.#intake = intake;
  }

  /** Says no more than it has said, and closes. */
  close(): void {
    if (this.#closed) return;
    this.#write();
    this.#end();
    this.#wire.close();
  }

  /** The listener stops: leaves as soon as no transaction is open. */
  drain(): void {
    this.#draining = true;
    this.#leaveIfIdle();
  }

  /** Leaves at once. */
  shutDown(): void {
    this.#due(refuse('shutting-down').reply);
  }

  /**
   * The connection is refused; or a bug of ours, after which what comes can no longer be
   * told apart. Says so and closes.
   */
  failed(thrown: unknown): void {
    this.#due(replyTo(this.log.refused('connection', thrown)));
    this.close();
  }

  /**
   * The client has sent its last, and may wait for what it is owed: a client that pipelines
   * QUIT behind its content says so before it has read the reply to it.
   */
  ended(): void {
    void this.#replies.whenSettled().then(() => this.close());
  }

  /** The connection is gone. */
  gone(): void {
    this.#end();
    this.log.closed();
  }

  #greet(): void {
    if (this.#closed) return;
    if (this.#draining) return this.shutDown();
    const { hostname, protocol } = this.settings;
    const dialect = protocol === 'lmtp' ? 'LMTP' : 'ESMTP';
    this.#due(createReply(220, undefined, `${hostname} ${dialect} Posthouse`));
    this.watch.waiting();
  }

  #run(verb: string, command: () => Answer): void | Promise<void> {
    if (this.#closed) return;
    try {
      const { hold, reply } = command();
      if (reply instanceof Promise) {
        this.#replies.await(reply, (thrown) => this.#refusal(verb, thrown));
      } else if (reply !== undefined) {
        this.#replies.push(reply);
      }
      return hold?.then(nothing, nothing);
    } catch (thrown) {
      this.#replies.push(this.#refusal(verb, thrown));
    }
  }

  #refusal(verb: string, thrown: unknown): Reply {
    return replyTo(this.log.refused(STEPS[verb] ?? 'command', thrown));
  }

  /** Says a reply whose turn it is. */
  #due(reply: Reply): void {
    if (this.#closed) return;
    let said = reply;
    if (reply.code >= 500 && ++this.#errors > this.settings.limits.maxCommandsWithErrors) {
      said = this.log.cutOff(refuse('too-many-errors')).reply;
    }
    this.#out += `${formatReply(said).join('\r\n')}\r\n`;
    if (said.code === 421 || said.code === 221) return this.close();
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    this.#write();
    this.#leaveIfIdle();
  }

  #write(): void {
    if (this.#out === '') return;
    const text = this.#out;
    this.#out = '';
    this.#wire.write(text);
    if (this.#idle) this.watch.waiting(); // it is the client's turn from now on
  }

  #leaveIfIdle(): void {
    if (!this.#draining || this.#closed || this.#opening !== undefined) return;
    const busy = this.exchange.open || this.#intake !== undefined || !this.#replies.settled;
    if (!busy) this.shutDown();
  }

  #expire(error: MailError): void {
    if (this.#replies.settled) this.#due(this.log.cutOff(error).reply);
    else this.watch.waiting(); // the client waits for us
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.watch.stop();
    this.exchange.abort();
  }
}

function nothing(): void {
  // the reply tells what became of it
}
