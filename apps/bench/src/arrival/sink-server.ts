/**
 * The host that mail is relayed to: takes everything, keeps only which messages came.
 *
 * It speaks as little SMTP as a relay needs (no TLS; PIPELINING and CHUNKING as real hosts
 * have them) and looks at each message as it comes: its run, its number, and that it is whole.
 * Cost is a few microseconds a message, because it shares the machine with its subject.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { WireForm } from '../message.ts';
import type { SinkRecord } from './sink-record.ts';

const NOTHING = Buffer.alloc(0);
const FINAL_DOT = Buffer.from('\r\n.\r\n');
const OFFERS = '250-sink.test\r\n250-PIPELINING\r\n250-SIZE\r\n250-CHUNKING\r\n250 8BITMIME\r\n';

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
  /** Of the message that is coming, what came. */
  #pieces: Buffer[] = [];
  /** What comes is content of DATA, until its final dot. */
  #inData = false;
  /** What comes is the chunk of a BDAT, so many octets yet. */
  #chunk: { left: number; readonly isLast: boolean } | undefined;
  #replies = '';

  constructor(socket: Socket, record: SinkRecord) {
    this.#socket = socket;
    this.#record = record;
  }

  take(chunk: Buffer): void {
    let input = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (input.length > 0) {
      const used = this.#next(input);
      if (used === 0) break;
      input = input.subarray(used);
    }
    this.#rest = input;
    if (this.#replies !== '') this.#socket.write(this.#replies, 'latin1');
    this.#replies = '';
  }

  /** Octets of the input that were dealt with; 0: more must come. */
  #next(input: Buffer): number {
    if (this.#chunk !== undefined) return this.#octets(input, this.#chunk);
    return this.#inData ? this.#content(input) : this.#command(input);
  }

  /** Octets of the input that were one command line; 0: it is not all there. */
  #command(input: Buffer): number {
    const end = input.indexOf(10) + 1;
    if (end === 0) return 0;
    const verb = input.toString('latin1', 0, 4).toUpperCase();
    if (verb === 'MAIL') this.#recipients = [];
    if (verb === 'RCPT') this.#recipients.push(recipientOf(input.toString('latin1', 0, end)));
    if (verb === 'EHLO') this.#replies += OFFERS;
    else if (verb === 'BDAT') this.#begin(input.toString('latin1', 0, end));
    else if (verb === 'DATA') {
      this.#inData = true;
      this.#replies += '354 go on\r\n';
    } else if (verb === 'QUIT') {
      this.#socket.end(`${this.#replies}221 bye\r\n`);
      this.#replies = '';
    } else this.#replies += '250 ok\r\n';
    return end;
  }

  #begin(line: string): void {
    const [, octets, last] = /^BDAT (\d+)( LAST)?\r?\n$/i.exec(line) ?? [];
    if (octets === undefined) this.#replies += '501 5.5.4 BDAT and a number\r\n';
    else this.#chunk = { left: Number(octets), isLast: last !== undefined };
    if (this.#chunk?.left === 0) this.#octets(NOTHING, this.#chunk);
  }

  /** Octets of the input that belonged to the chunk. */
  #octets(input: Buffer, chunk: { left: number; readonly isLast: boolean }): number {
    const piece = input.subarray(0, chunk.left);
    chunk.left -= piece.length;
    this.#pieces.push(piece);
    if (chunk.left > 0) return piece.length;
    this.#chunk = undefined;
    if (chunk.isLast) this.#taken('chunks');
    else this.#replies += '250 go on\r\n';
    return piece.length;
  }

  /** Octets that belonged to the message; the last few stay, for the final dot may be cut. */
  #content(input: Buffer): number {
    const at = input.indexOf(FINAL_DOT);
    if (at === -1) {
      const safe = Math.max(0, input.length - FINAL_DOT.length + 1);
      if (safe > 0) this.#pieces.push(input.subarray(0, safe));
      return safe;
    }
    const end = at + FINAL_DOT.length;
    this.#pieces.push(input.subarray(0, end));
    this.#inData = false;
    this.#taken('data');
    return end;
  }

  #taken(form: WireForm): void {
    const [first = NOTHING, ...others] = this.#pieces;
    const message = others.length === 0 ? first : Buffer.concat(this.#pieces);
    this.#record.take(message, this.#recipients, form);
    this.#pieces = [];
    this.#replies += '250 taken\r\n';
  }
}

function recipientOf(command: string): number {
  return Number(/<r(\d+)@/.exec(command)?.[1] ?? 0);
}
