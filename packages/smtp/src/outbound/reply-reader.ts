/**
 * Reads replies from the octets a peer sends, in whatever pieces they come.
 *
 * Lines end in LF, with or without CR before it (some peers send it bare). A reply is
 * text kept as it came: UTF-8 where it is that, else latin1. Memory is bounded: a line
 * too long, too many lines in one reply, or octets that are no reply at all end the
 * reading for good with a MailError that is transient (`next-hop-lost`), after the
 * replies before them were handed over.
 *
 * RFC 5321 §4.2 (grammar of Reply-line), §4.5.3.1.5 (512 octets; we take 4096).
 */
import { readReply, refuse } from '@posthouse/mail';
import type { MailError, Reply } from '@posthouse/mail';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const DIGIT_0 = 0x30;
const MAX_LINE_BYTES = 4096;
const MAX_LINES = 256;
const MAX_QUOTED_CHARACTERS = 80;

/** Reads one connection's replies. */
export class ReplyReader {
  readonly #onReply: (reply: Reply) => void;
  /** The pieces of a line without its end. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** The lines so far of a reply that goes on, and its code. */
  #texts: string[] = [];
  #code = 0;

  /** @param onReply called for each reply, in order, from within `push` */
  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply;
  }

  /** Takes what came; keeps no part of the chunk's memory. @throws MailError this is no SMTP */
  push(chunk: Buffer): void {
    let at = 0;
    for (;;) {
      const lf = chunk.indexOf(LF, at);
      if (lf === -1) break;
      this.#line(this.#restBytes === 0 ? chunk.subarray(at, lf) : this.#join(chunk, at, lf));
      at = lf + 1;
    }
    if (at < chunk.length) this.#keep(Buffer.from(chunk.subarray(at)));
  }

  #keep(piece: Buffer): void {
    this.#rest.push(piece);
    this.#restBytes += piece.length;
    if (this.#restBytes > MAX_LINE_BYTES)
      throw broken('a line too long', Buffer.concat(this.#rest));
  }

  #join(chunk: Buffer, from: number, to: number): Buffer {
    const line = Buffer.concat([...this.#rest, chunk.subarray(from, to)]);
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }

  #line(raw: Buffer): void {
    const line = raw.at(-1) === CR ? raw.subarray(0, -1) : raw;
    if (line.length > MAX_LINE_BYTES) throw broken('a line too long', line);
    const code = readCode(line);
    const separator = line[3];
    if (code === undefined) throw broken('no reply', line);
    if (separator !== undefined && separator !== SPACE && separator !== HYPHEN) {
      throw broken('no reply', line);
    }
    if (this.#texts.length > 0 && code !== this.#code) throw broken('two codes in a reply', line);
    const text = decode(line.subarray(4));
    if (separator === HYPHEN) return this.#goOn(code, text, line);
    if (this.#texts.length === 0) return this.#onReply(readReply(code, [text]));
    const texts = [...this.#texts, text];
    this.#texts = [];
    this.#onReply(readReply(code, texts));
  }

  #goOn(code: number, text: string, line: Buffer): void {
    this.#code = code;
    this.#texts.push(text);
    if (this.#texts.length >= MAX_LINES) throw broken('too many lines in a reply', line);
  }
}

/** 200 to 599; RFC 5321 §4.2.1 knows no 1yz any more. */
function readCode(line: Buffer): number | undefined {
  const [first, second, third] = [digit(line[0]), digit(line[1]), digit(line[2])];
  if (first < 2 || first > 5 || second < 0 || third < 0) return undefined;
  return first * 100 + second * 10 + third;
}

function digit(octet: number | undefined): number {
  const value = octet === undefined ? -1 : octet - DIGIT_0;
  return value >= 0 && value <= 9 ? value : -1;
}

function decode(octets: Buffer): string {
  const text = octets.toString('utf8');
  return text.includes('\ufffd') ? octets.toString('latin1') : text;
}

function broken(what: string, line: Buffer): MailError {
  return refuse('next-hop-lost', {
    text: `The next host broke the protocol: ${what}`,
    fields: { received: JSON.stringify(line.toString('latin1', 0, MAX_QUOTED_CHARACTERS)) },
  });
}
