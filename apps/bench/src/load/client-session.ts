/**
 * One SMTP session of the load: opens, logs in where the case asks for it, sends messages.
 *
 * It does as little as it can, because it shares the machine with what it measures. A reply
 * that is not the expected one throws with its text: a refused message would spoil the run.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { now } from '../meter/clock.ts';
import { ReplyWaiter } from './reply-waiter.ts';

/** Nothing passes for this long: nothing will. */
const PATIENCE_MS = 120_000;

/** Where the load goes. */
export interface Entry {
  readonly port: number;
  /** STARTTLS, then AUTH PLAIN; absent: neither. */
  readonly login?: Login;
  /** @default 'smtp' */
  readonly protocol?: 'smtp' | 'lmtp';
  /** Where we come from. @default the first address of loopback */
  readonly localAddress?: string;
}

/** An account and what it takes to use it. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** What is said before each message. */
export interface Envelope {
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
}

/** One connection. */
export class ClientSession {
  #socket: Socket;
  #replies: ReplyWaiter;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#replies = new ReplyWaiter(socket);
  }

  /** @throws Error */
  static async open(entry: Entry): Promise<ClientSession> {
    const { localAddress, login, port, protocol } = entry;
    const from = localAddress === undefined ? {} : { localAddress };
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...from });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('the server is silent')));
    const session = new ClientSession(socket);
    await session.#expect('220');
    await session.#say(`${protocol === 'lmtp' ? 'LHLO' : 'EHLO'} client.test`, '250');
    if (login === undefined) return session;
    await session.startTls();
    const reply = await session.tryLogin(login);
    if (!reply.startsWith('235')) throw new Error(`the login failed: ${reply.trim()}`);
    return session;
  }

  /**
   * One message: its own head, and the end that all share. Resolves at its 250.
   * @returns when the final dot was written, by `now`
   */
  async send({ reversePath, forwardPaths }: Envelope, head: string, end: Buffer): Promise<number> {
    await this.#say(`MAIL FROM:<${reversePath}>`, '250');
    for (const path of forwardPaths) await this.#say(`RCPT TO:<${path}>`, '250');
    await this.#say('DATA', '354');
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(end);
    this.#socket.uncork();
    const sentAt = now();
    await this.#expect('250');
    return sentAt;
  }

  async close(): Promise<void> {
    await this.#say('QUIT', '221');
    this.#socket.destroy();
  }

  /** At once, whatever is under way. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** @throws Error */
  async startTls(): Promise<void> {
    await this.#say('STARTTLS', '220');
    // What is measured is the server; its certificate is not in question here.
    const secure = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
    });
    this.#socket = secure;
    this.#replies = new ReplyWaiter(secure);
    await this.#say('EHLO client.test', '250');
  }

  /** @returns the reply, whatever it is. @throws Error when there is none */
  tryLogin({ password, user }: Login): Promise<string> {
    const secret = Buffer.from(`\0${user}\0${password}`).toString('base64');
    this.#socket.write(`AUTH PLAIN ${secret}\r\n`, 'latin1');
    return this.#replies.next();
  }

  async #say(command: string, code: string): Promise<void> {
    this.#socket.write(`${command}\r\n`, 'latin1');
    await this.#expect(code);
  }

  async #expect(code: string): Promise<void> {
    const reply = await this.#replies.next();
    if (!reply.startsWith(code)) throw new Error(`expected ${code}, got: ${reply.trim()}`);
  }
}
