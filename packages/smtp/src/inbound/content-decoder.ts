/**
 * From the octets of the wire to the content of a message, chunk by chunk.
 *
 * After DATA the content ends at CRLF.CRLF and nowhere else, and a dot at the start of a
 * line is taken away only where the line before ended in CRLF: no other sequence of CR,
 * LF and dots means anything, so nothing can be smuggled past us (RFC 5321 §4.1.1.4,
 * §4.5.2). After BDAT there are no dots. A CR or LF that stands alone is reported; with
 * `normalize` it becomes CRLF. However the octets are cut into chunks, the result is the
 * same. Cost: a search for what is special, and a look at each octet of that.
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
    const octets = chunk.subarray(start);
    const text = octets.toString('latin1');
    const plainEnd = this.#plainEnd(text, 0);
    if (plainEnd === octets.length) {
      return { content: octets, consumed: octets.length, ended: false };
    }
    if (!this.#normalize) return this.#walk({ octets, text, out: octets }, plainEnd);
    const out = Buffer.allocUnsafe(2 * octets.length + 2);
    octets.copy(out, 0, 0, plainEnd);
    return this.#walk({ octets, text, out }, plainEnd);
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

  /** How far the text can be passed on as it is from there: the offset of what needs a look. */
  #plainEnd(text: string, from: number): number {
    const first = text.charCodeAt(from);
    const inLine =
      this.#position === TEXT ||
      (this.#position === LINE_START && first !== DOT && first !== CR && first !== LF);
    if (!inLine || from >= text.length) return from;
    SPECIAL.lastIndex = from;
    for (let found = SPECIAL.exec(text); found !== null; found = SPECIAL.exec(text)) {
      if (found[0].length === 1) {
        this.#position = TEXT;
        return found.index;
      }
      if (!this.#dots) continue;
      this.#position = LINE_START;
      return found.index + 1;
    }
    this.#position = text.charCodeAt(text.length - 1) === LF ? LINE_START : TEXT;
    return text.length;
  }

  /**
   * Goes on from `from`, where `out` holds what was plain before it: octet by octet through what
   * needs a look, in one piece over what is plain again.
   */
  #walk({ octets, text, out }: Passage, from: number): DecodedChunk {
    let end = from;
    let at = from;
    while (at < octets.length) {
      const octet = octets[at++] ?? 0;
      switch (this.#position) {
        case AFTER_DOT:
          if (octet === CR) {
            this.#position = AFTER_DOT_CR;
            continue;
          }
          this.#position = TEXT; // RFC 5321 §4.5.2: the dot was stuffing
          break;
        case AFTER_DOT_CR:
          if (octet === LF) {
            this.#position = LINE_START;
            return { content: out.subarray(0, end), consumed: at, ended: true };
          }
          end = this.#put(out, end, CR);
          this.#position = AFTER_CR;
          break;
        case LINE_START:
          if (octet === DOT && this.#dots) {
            this.#position = AFTER_DOT;
            continue;
          }
          this.#position = TEXT;
          break;
        case TEXT:
        case AFTER_CR:
          break;
      }
      end = this.#pass(out, end, octet);
      if (this.#position !== TEXT) continue;
      const plainEnd = this.#plainEnd(text, at);
      if (this.#writes) end += octets.copy(out, end, at, plainEnd);
      at = plainEnd;
    }
    return { content: out.subarray(0, end), consumed: octets.length, ended: false };
  }

  /** Passes an octet of a line on, line endings made whole. @returns the new end of `out` */
  #pass(out: Buffer, end: number, octet: number): number {
    let to = end;
    if (this.#position === AFTER_CR) {
      if (octet === LF) {
        this.#position = LINE_START;
        return this.#put(out, to, LF);
      }
      this.#bare = true;
      to = this.#put(out, to, LF);
      this.#position = TEXT;
    }
    if (octet === LF) {
      this.#bare = true;
      to = this.#put(out, to, CR);
    } else if (octet === CR) {
      this.#position = AFTER_CR;
    }
    return this.#put(out, to, octet);
  }

  /**
   * Whether content is written out. What will be refused is not: moved within its own memory
   * it could not grow by the octets that make a line ending whole.
   */
  get #writes(): boolean {
    return !this.#bare || this.#normalize;
  }

  #put(out: Buffer, end: number, octet: number): number {
    if (!this.#writes) return end;
    out[end] = octet;
    return end + 1;
  }
}

/** A chunk, also as text, in which what is special is found faster; and where its content goes. */
interface Passage {
  readonly octets: Buffer;
  readonly text: string;
  readonly out: Buffer;
}
