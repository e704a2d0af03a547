/**
 * The host that mail is relayed to: takes everything, keeps only which messages came.
 *
 * It speaks as little SMTP as a relay needs (no TLS, no CHUNKING, PIPELINING as real hosts
 * have it) and looks at each message as it comes: its run, its number, and that it is whole.
 * Cost is a few microseconds a message, because it shares the machine with its subject.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { SinkRecord } from './sink-record.ts';

const FINAL_DOT = Buffer.from('\r\n.\r\n');
const OFFERS = '250-sink.test\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n';

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
  /** Of the transaction: `r7@...` is 7. */
  #recipients: number[] = [];
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
    if (verb === 'MAIL') this.#recipients = [];
    if (verb === 'RCPT') this.#recipients.push(recipientOf(input.toString('latin1', 0, end)));
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
    const message = chunks.length === 0 ? last : Buffer.concat([...chunks, last]);
    this.#record.take(message, this.#recipients);
    this.#message = undefined;
    this.#replies += '250 taken\r\n';
    return end;
  }
}

function recipientOf(command: string): number {
  return Number(/<r(\d+)@/.exec(command)?.[1] ?? 0);
}
