/**
 * The host that mail is relayed to: takes everything, keeps only which messages came.
 *
 * It speaks as little SMTP as a relay needs (no TLS, no CHUNKING, PIPELINING as real hosts
 * have it) and looks at each message as it comes: its run, its number, and that it is whole.
 * Cost is a few microseconds a message, because it shares the machine with its subject.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { recognizeOnWire } from '../message.ts';
import type { MessagePattern } from '../message.ts';
import type { Findings } from './arrival.ts';

const FINAL_DOT = Buffer.from('\r\n.\r\n');
const OFFERS = '250-sink.test\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n';

/** What came, over all connections. */
export class SinkRecord {
  #numbers = new Map<string, Set<number>>();
  #repeated = 0;
  #foreign = 0;
  #taken = 0;
  readonly #pattern: MessagePattern;

  constructor(pattern: MessagePattern) {
    this.#pattern = pattern;
  }

  /** Messages since the last check. */
  get taken(): number {
    return this.#taken;
  }

  take(received: Buffer): void {
    this.#taken += 1;
    const known = recognizeOnWire(received, this.#pattern);
    if (known === undefined) {
      this.#foreign += 1;
      return;
    }
    const numbers = this.#numbers.get(known.run) ?? new Set();
    this.#numbers.set(known.run, numbers);
    if (numbers.has(known.number)) this.#repeated += 1;
    numbers.add(known.number);
  }

  /** Tells and forgets. */
  check(run: string): Findings {
    const mine = this.#numbers.get(run)?.size ?? 0;
    const strange = [...this.#numbers.values()].reduce((sum, { size }) => sum + size, -mine);
    const findings = { good: mine, repeated: this.#repeated, foreign: this.#foreign + strange };
    this.#numbers = new Map();
    this.#repeated = this.#foreign = this.#taken = 0;
    return findings;
  }
}

/** A sink, not yet listening. */
export function createSink(record: SinkRecord): Server {
  return createServer({ noDelay: true }, (socket) => {
    const session = new SinkSession(socket, record);
    socket.on('data', (chunk) => session.take(chunk));
    socket.on('error', () => socket.destroy());
    socket.write('220 sink.test ESMTP\r\n');
  });
}

class SinkSession {
  readonly #socket: Socket;
  readonly #record: SinkRecord;
  #rest: Buffer = Buffer.alloc(0);
  /** Chunks of the message that is coming; undefined between messages. */
  #message: Buffer[] | undefined;
  #replies = '';

  constructor(socket: Socket, record: SinkRecord) {
    this.#socket = socket;
    this.#record = record;
  }

  take(chunk: Buffer): void {
    let input = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (input.length > 0) {
      const used = this.#message === undefined ? this.#command(input) : this.#content(input);
      if (used === 0) break;
      input = input.subarray(used);
    }
    this.#rest = input;
    if (this.#replies !== '') this.#socket.write(this.#replies, 'latin1');
    this.#replies = '';
  }

  /** Octets of the input that were one command line; 0: it is not all there. */
  #command(input: Buffer): number {
    const end = input.indexOf(10) + 1;
    if (end === 0) return 0;
    const verb = input.toString('latin1', 0, 4).toUpperCase();
    if (verb === 'EHLO') this.#replies += OFFERS;
    else if (verb === 'DATA') {
      this.#message = [];
      this.#replies += '354 go on\r\n';
    } else if (verb === 'QUIT') {
      this.#socket.end(`${this.#replies}221 bye\r\n`);
      this.#replies = '';
    } else this.#replies += '250 ok\r\n';
    return end;
  }

  /** Octets that belonged to the message; the last few stay, for the final dot may be cut. */
  #content(input: Buffer): number {
    const at = input.indexOf(FINAL_DOT);
    const chunks = this.#message ?? [];
    if (at === -1) {
      const safe = Math.max(0, input.length - FINAL_DOT.length + 1);
      if (safe > 0) chunks.push(input.subarray(0, safe));
      return safe;
    }
    const end = at + FINAL_DOT.length;
    const last = input.subarray(0, end);
    this.#record.take(chunks.length === 0 ? last : Buffer.concat([...chunks, last]));
    this.#message = undefined;
    this.#replies += '250 taken\r\n';
    return end;
  }
}
