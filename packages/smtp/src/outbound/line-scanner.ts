/**
 * Watches that content has canonical CRLF line ends, across chunk edges, and finds the
 * dots that stand at the start of a line.
 *
 * A CR or LF that stands alone is refused with `bare-line-ending`, and what was scanned
 * must then not be finished: another host might take such an octet for a line end, and
 * two readings of one stream are how messages are smuggled. Two searches for an octet
 * per line; a line's own octets are never looked at one by one.
 *
 * RFC 5321 §2.3.8, §4.1.1.4.
 */
import { refuse } from '@posthouse/mail';
import type { MailError } from '@posthouse/mail';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

/** Scans one message, chunk by chunk. */
export class LineScanner {
  #state: 'line-start' | 'in-line' | 'after-cr' = 'line-start';

  /** Whether what was scanned ends where a line may start: an empty message does. */
  get atLineStart(): boolean {
    return this.#state === 'line-start';
  }

  /**
   * Takes the next chunk.
   * @returns the offsets of the dots at the start of a line, in order
   * @throws MailError `bare-line-ending`
   */
  scan(chunk: Buffer): readonly number[] {
    const { length } = chunk;
    if (length === 0) return [];
    let at = 0;
    if (this.#state === 'after-cr') {
      if (chunk[0] !== LF) throw bareLineEnding();
      at = 1;
      this.#state = 'line-start';
    }
    const dots: number[] = [];
    if (this.#state === 'line-start' && chunk[at] === DOT) dots.push(at);
    while (at < length) {
      const lf = chunk.indexOf(LF, at);
      const cr = chunk.indexOf(CR, at);
      if (lf === -1) {
        this.#endWithin(chunk, cr);
        return dots;
      }
      if (cr === -1 || cr !== lf - 1) throw bareLineEnding();
      at = lf + 1;
      if (chunk[at] === DOT) dots.push(at);
    }
    this.#state = 'line-start';
    return dots;
  }

  /** Says that nothing follows. @throws MailError `bare-line-ending` where the last octet is a CR */
  end(): void {
    if (this.#state === 'after-cr') throw bareLineEnding();
  }

  /** The chunk's last line has no LF: at most its very last octet may be a CR. */
  #endWithin(chunk: Buffer, cr: number): void {
    if (cr !== -1 && cr !== chunk.length - 1) throw bareLineEnding();
    this.#state = cr === -1 ? 'in-line' : 'after-cr';
  }
}

function bareLineEnding(): MailError {
  return refuse('bare-line-ending');
}
