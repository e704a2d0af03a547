/**
 * Dot-stuffing: what makes content fit between DATA's 354 and the final dot.
 *
 * The content must have canonical CRLF; a bare CR or LF is refused (see
 * `line-scanner.ts`), so that no reader can see an end of data before ours. A chunk that is
 * only lent is copied, never kept.
 *
 * RFC 5321 §4.5.2 (transparency), §4.1.1.4 (end of mail data).
 */
import { LineScanner } from './line-scanner.ts';

const DOT = 0x2e;
const FINAL_DOT = Buffer.from('.\r\n');
const FINAL_DOT_AFTER_LINE_END = Buffer.from('\r\n.\r\n');

/** Stuffs one message, chunk by chunk. */
export class DotStuffer {
  readonly #lines = new LineScanner();

  /** A stuffed copy of the chunk, or itself where it `isGiven`. @throws MailError `bare-line-ending` */
  push(chunk: Uint8Array, isGiven = false): Buffer {
    const source = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const dots = this.#lines.scan(source);
    if (isGiven && dots.length === 0) return source;
    const stuffed = Buffer.allocUnsafe(source.length + dots.length);
    let from = 0;
    let to = 0;
    for (const dot of dots) {
      to += source.copy(stuffed, to, from, dot);
      stuffed[to++] = DOT;
      from = dot;
    }
    source.copy(stuffed, to, from);
    return stuffed;
  }

  /**
   * What follows the last chunk: the final dot, after a CRLF where the content does not
   * end in one (a line must, RFC 5321 §4.1.1.4).
   * @throws MailError `bare-line-ending`
   */
  end(): Buffer {
    this.#lines.end();
    return this.#lines.atLineStart ? FINAL_DOT : FINAL_DOT_AFTER_LINE_END;
  }
}
