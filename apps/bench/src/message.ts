/**
 * The messages of a load: alike but for their number, and easy to recognize where they arrive.
 *
 * All octets after the Message-ID are the same in every message of a case, so what arrives
 * is whole when its end is that end. One line begins with a dot (RFC 5321 §4.5.2). Line
 * ends may have become LF in a mailbox; nothing else may have changed.
 */

import { MAILBOX } from './load/load.ts';

const MARK = 'Message-ID: <bench-';
const NUMBER_DIGITS = 7;
const LINE = `${'0123456789'.repeat(7)}\r\n`;

/** What all messages of a case share. */
export interface MessagePattern {
  /** From the number's end to the final dot, dot-stuffed: as on the wire. */
  readonly wireEnd: Buffer;
  /** The same without stuffing and final dot: as BDAT carries it. */
  readonly chunkedEnd: Buffer;
  /** The same without stuffing and final dot, line ends as LF. */
  readonly storedEnd: string;
}

/** How a message came: dot-stuffed up to its final dot, or in chunks of a known length. */
export type WireForm = 'data' | 'chunks';

/** The pattern for messages of that many octets. */
export function createPattern(messageBytes: number): MessagePattern {
  const start = '@bench.test>\r\nMIME-Version: 1.0\r\n\r\n';
  const room = messageBytes - messageHead('00000000', 0).length - start.length;
  const dotted = '.a line that begins with a dot\r\n';
  const body = dotted + LINE.repeat(Math.ceil(room / LINE.length)).slice(0, room - dotted.length);
  // The cut may fall between CR and LF, and the last line must end.
  const text = `${start}${body.slice(0, -2).replaceAll('\r\n', '\n').replace(/\r$/, '0').replaceAll('\n', '\r\n')}\r\n`;
  return {
    wireEnd: Buffer.from(`${text.replaceAll('\r\n.', '\r\n..')}.\r\n`, 'latin1'),
    chunkedEnd: Buffer.from(text, 'latin1'),
    storedEnd: text.replaceAll('\r\n', '\n'),
  };
}

/**
 * Messages of one run in the same piece of memory, each with its final dot as it is sent: one is
 * there until the next is asked for.
 */
export function createNumbered(
  run: string,
  { wireEnd }: MessagePattern,
): (number: number) => Buffer {
  const head = Buffer.from(messageHead(run, 0), 'latin1');
  const octets = Buffer.concat([head, wireEnd]);
  const at = head.length - NUMBER_DIGITS;
  return (number) => {
    octets.write(numberText(number), at, 'latin1');
    return octets;
  };
}

/** Everything before the pattern's end. `run` has no dash. */
export function messageHead(run: string, number: number): string {
  const id = `${run}-${numberText(number)}`;
  return `From: <${MAILBOX}>\r\nTo: <${MAILBOX}>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nSubject: bench\r\n${MARK}${id}`;
}

/** The number as it stands in a Message-ID. */
export function numberText(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0');
}

/** A message that arrived, by its number; undefined where it is none of ours or not whole. */
export function recognize(
  stored: string,
  pattern: MessagePattern,
  run: string,
): number | undefined {
  const text = stored.replaceAll('\r\n', '\n');
  const at = text.indexOf(MARK);
  const dash = text.indexOf('-', at + MARK.length);
  const end = text.indexOf('@', dash);
  if (at === -1 || text.slice(at + MARK.length, dash) !== run) return undefined;
  return text.slice(end) === pattern.storedEnd ? Number(text.slice(dash + 1, end)) : undefined;
}

/** The number of a message in its wire form, with the final dot after DATA; or undefined as above. */
export function recognizeOnWire(
  received: Buffer,
  pattern: MessagePattern,
  form: WireForm,
): { readonly run: string; readonly number: number } | undefined {
  const expected = form === 'data' ? pattern.wireEnd : pattern.chunkedEnd;
  const at = received.indexOf(MARK, 0, 'latin1');
  const end = received.length - expected.length;
  if (at === -1 || end < at || !received.subarray(end).equals(expected)) return undefined;
  const [run = '', number] = received.toString('latin1', at + MARK.length, end).split('-');
  return { run, number: Number(number) };
}
