/**
 * One SMTP session of the load: opens, logs in where the case asks for it, sends messages.
 *
 * One command at a time, as simple clients do. It does as little as it can, because it shares
 * the machine with what it measures: replies are read into one piece of memory and looked at
 * there, and a promise stands for a whole message. A reply that is not the expected one throws
 * with its text: a refused message would spoil the run.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { now } from '../meter/clock.ts';
import { command } from './envelope.ts';
import type { Envelope, Step } from './envelope.ts';
import { codeOf, isWhole } from './reply.ts';

/** Nothing passes for this long: nothing will. */
const PATIENCE_MS = 120_000;
const MAX_REPLY_BYTES = 65_536;
const NOTHING: Uint8Array = new Uint8Array();
/** What is read, of whichever session: it is looked at before the next one is read. */
const RECEIVED: Buffer = Buffer.alloc(4096);

const GREETING: Step = { code: 220 };
const EHLO = command('EHLO client.test', 250);
const OPENING = { smtp: [GREETING, EHLO], lmtp: [GREETING, command('LHLO client.test', 250)] };
const STARTTLS = [command('STARTTLS', 220)];
const QUIT = [command('QUIT', 221)];

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

/** One connection. */
export class ClientSession {
  #socket: Socket;
  /** What came of a reply that is not all there. */
  #partial: Uint8Array = NOTHING;
  #steps: readonly Step[] = [];
  #at = 0;
  #sentAt = 0;
  #wanted: { resolve(reply: string): void; reject(error: Error): void } | undefined;
  #ended: Error | undefined;

  private constructor({ localAddress, port }: Entry) {
    const from = localAddress === undefined ? {} : { localAddress };
    const callback = (length: number): boolean => {
      this.#take(RECEIVED, length);
      return true;
    };
    const onread = { buffer: RECEIVED, callback };
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread, ...from });
    this.#socket.setTimeout(PATIENCE_MS, () => {
      this.#socket.destroy(new Error('the server is silent'));
    });
    this.#endWith(this.#socket);
  }

  /** @throws Error */
  static async open(entry: Entry): Promise<ClientSession> {
    const session = new ClientSession(entry);
    await session.#run(OPENING[entry.protocol ?? 'smtp']);
    if (entry.login === undefined) return session;
    await session.startTls();
    const reply = await session.tryLogin(entry.login);
    if (!reply.startsWith('235')) throw new Error(`the login failed: ${reply.trim()}`);
    return session;
  }

  /**
   * One message, dot-stuffed and with its final dot. Resolves at its 250; until then its octets
   * must not change. @returns when the final dot was written, by `now`
   */
  async send({ steps }: Envelope, octets: Uint8Array): Promise<number> {
    await this.#run([...steps, { octets, code: 250 }]);
    return this.#sentAt;
  }

  async close(): Promise<void> {
    await this.#run(QUIT);
    this.#socket.destroy();
  }

  /** At once, whatever is under way. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** @throws Error */
  async startTls(): Promise<void> {
    await this.#run(STARTTLS);
    // What is measured is the server; its certificate is not in question here.
    const secure = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
    });
    this.#socket = secure;
    this.#endWith(secure);
    secure.on('data', (chunk: Buffer) => this.#take(chunk, chunk.length));
    await this.#run([EHLO]);
  }

  /** @returns the reply, whatever it is. @throws Error when there is none */
  tryLogin({ password, user }: Login): Promise<string> {
    const secret = Buffer.from(`\0${user}\0${password}`).toString('base64');
    return this.#run([command(`AUTH PLAIN ${secret}`)]);
  }

  /** @returns the last reply, where it is not known beforehand */
  #run(steps: readonly Step[]): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#steps = steps;
      this.#at = 0;
      this.#wanted = { resolve, reject };
      this.#say();
    });
  }

  #say(): void {
    const octets = this.#steps[this.#at]?.octets;
    if (octets !== undefined) this.#socket.write(octets);
    if (this.#at === this.#steps.length - 1) this.#sentAt = now();
  }

  /** The octets are ours for the time of the call. */
  #take(octets: Uint8Array, length: number): void {
    if (this.#partial.length > 0) {
      const all = Buffer.concat([this.#partial, octets.subarray(0, length)]);
      this.#partial = NOTHING;
      this.#take(all, all.length);
    } else if (isWhole(octets, length)) this.#answered(octets, length);
    else if (length > MAX_REPLY_BYTES) this.#end(new Error('a reply without end'));
    else this.#partial = octets.slice(0, length);
  }

  #answered(octets: Uint8Array, length: number): void {
    const { code } = this.#steps[this.#at] ?? {};
    const isExpected = code === undefined || codeOf(octets) === code;
    const text = (): string => Buffer.from(octets.subarray(0, length)).toString('latin1');
    if (this.#wanted === undefined) this.#end(new Error(`unasked: ${text().trim()}`));
    else if (!isExpected) this.#end(new Error(`expected ${code}, got: ${text().trim()}`));
    else if (this.#at < this.#steps.length - 1) {
      this.#at += 1;
      this.#say();
    } else {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      wanted.resolve(code === undefined ? text() : '');
    }
  }

  #endWith(socket: Socket): void {
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the server closed the connection')));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#wanted?.reject(error);
    this.#wanted = undefined;
  }
}
