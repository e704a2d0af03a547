/**
 * From the octets of the wire to the content of a message, chunk by chunk.
 *
 * After DATA the content ends at CRLF.CRLF and nowhere else, and a dot at the start of a
 * line is taken away only where the line before ended in CRLF: no other sequence of CR,
 * LF and dots means anything, so nothing can be smuggled past us (RFC 5321 §4.1.1.4,
 * §4.5.2). After BDAT there are no dots. A CR or LF that stands alone is reported; with
 * `normalize` it becomes CRLF. However the octets are cut into chunks, the result is the
 * same. Cost: a search for what is special, and a pass octet by octet from there on.
 */

/** What became of one chunk. */
export interface DecodedChunk {
  /** Content, perhaps empty. May be the chunk's own memory. */
  readonly content: Buffer;
  /** Octets taken from the chunk; the rest, if any, follows the end of the content. */
  readonly consumed: number;
  /** Whether the end of the content was seen. */
  readonly ended: boolean;
}

export interface ContentDecoderOptions {
  /** `dots`: as after DATA. `octets`: as after BDAT, where whoever calls knows the end. */
  readonly framing: 'dots' | 'octets';
  /** Whether a CR or LF alone becomes CRLF; otherwise it is only reported. */
  readonly normalize: boolean;
}

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/** Everything that needs a closer look, seen from the middle of a line. */
const SPECIAL = /\r(?!\n)|(?<!\r)\n|\n\./g;

/** Where in the grammar of lines the next octet stands. Numbers, because each octet asks. */
const LINE_START = 0; // behind CRLF, or at the very start
const TEXT = 1;
const AFTER_CR = 2; // the CR has been written out
const AFTER_DOT = 3; // a dot at the start of a line, not written out
const AFTER_DOT_CR = 4; // such a dot and a CR, neither written out
type Position = 0 | 1 | 2 | 3 | 4;

/** Decodes one message. */
export class ContentDecoder {
  readonly #dots: boolean;
  readonly #normalize: boolean;
  #position: Position = LINE_START;
  #bare = false;

  constructor(options: ContentDecoderOptions) {
    this.#dots = options.framing === 'dots';
    this.#normalize = options.normalize;
  }

  /** Whether a CR or LF stood alone anywhere so far. */
  get sawBareLineEnding(): boolean {
    return this.#bare;
  }

  /**
   * Takes the octets from `start` on. The chunk belongs to the decoder from now on:
   * content is moved together within its memory.
   */
  decode(chunk: Buffer, start: number = 0): DecodedChunk {
    const plainEnd = this.#plainFrom(chunk, start);
    if (plainEnd === chunk.length) {
      return { content: chunk.subarray(start), consumed: chunk.length - start, ended: false };
    }
    return this.#normalize
      ? this.#walk(chunk, start, plainEnd, Buffer.allocUnsafe(2 * (chunk.length - start) + 2))
      : this.#walk(chunk, start, plainEnd, chunk.subarray(start));
  }

  /**
   * Ends content whose end was counted: what is still missing of its last line.
   * A text of lines ends in CRLF (RFC 3030 §2: BDAT changes the framing, not the content).
   */
  finish(): Buffer {
    const position = this.#position;
    this.#position = LINE_START;
    if (position === LINE_START) return Buffer.alloc(0);
    if (position === AFTER_CR) {
      this.#bare = true;
      return Buffer.from('\n');
    }
    return Buffer.from('\r\n');
  }

  /** How far the chunk can be passed on as it is: the offset of what needs a look. */
  #plainFrom(chunk: Buffer, start: number): number {
    const first = chunk[start];
    const inLine =
      this.#position === TEXT ||
      (this.#position === LINE_START && first !== DOT && first !== CR && first !== LF);
    if (!inLine || first === undefined) return start;
    SPECIAL.lastIndex = 0;
    const text = chunk.toString('latin1', start);
    for (let found = SPECIAL.exec(text); found !== null; found = SPECIAL.exec(text)) {
      const at = start + found.index;
      if (found[0].length === 1) {
        this.#position = TEXT;
        return at;
      }
      if (!this.#dots) continue;
      this.#position = LINE_START;
      return at + 1;
    }
    this.#position = chunk[chunk.length - 1] === LF ? LINE_START : TEXT;
    return chunk.length;
  }

  /** Goes on octet by octet from `from`, into `out`, which begins with what was plain. */
  #walk(chunk: Buffer, start: number, from: number, out: Buffer): DecodedChunk {
    if (this.#normalize) chunk.copy(out, 0, start, from);
    let position: Position = this.#position;
    let end = from - start;
    for (let at = from; at < chunk.length; at++) {
      const octet = chunk[at] ?? 0;
      if (position === AFTER_DOT) {
        if (octet === CR) {
          position = AFTER_DOT_CR;
          continue;
        }
        position = TEXT; // RFC 5321 §4.5.2: the dot was stuffing
      } else if (position === AFTER_DOT_CR) {
        if (octet === LF) {
          this.#position = LINE_START;
          return { content: out.subarray(0, end), consumed: at + 1 - start, ended: true };
        }
        end = this.#put(out, end, CR);
        position = AFTER_CR;
      } else if (position === LINE_START) {
        if (octet === DOT && this.#dots) {
          position = AFTER_DOT;
          continue;
        }
        position = TEXT;
      }
      if (position === AFTER_CR) {
        if (octet === LF) {
          end = this.#put(out, end, LF);
          position = LINE_START;
          continue;
        }
        this.#bare = true;
        end = this.#put(out, end, LF);
        position = TEXT;
      }
      if (octet === LF) {
        this.#bare = true;
        end = this.#put(out, end, CR);
      } else if (octet === CR) {
        position = AFTER_CR;
      }
      end = this.#put(out, end, octet);
    }
    this.#position = position;
    return { content: out.subarray(0, end), consumed: chunk.length - start, ended: false };
  }

  /**
   * Writes an octet out. Content that will be refused is not written: moved within its
   * own memory it could not grow by the octets that make a line ending whole.
   */
  #put(out: Buffer, end: number, octet: number): number {
    if (this.#bare && !this.#normalize) return end;
    out[end] = octet;
    return end + 1;
  }
}
