/**
 * Cuts content into lines, and lines that are too long into pieces, so that a line
 * without an end takes no more memory than one piece.
 *
 * The content has canonical CRLF; a CR or LF elsewhere stays part of its line, and is
 * refused where the content is sent.
 */

/** A line, or a part of one. */
export interface LinePiece {
  /** Without the line end. */
  readonly octets: Buffer;
  /** Whether a line begins with it. */
  readonly starts: boolean;
  /** Whether CRLF follows. */
  readonly ends: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const MAX_PIECE_BYTES = 16_384;

/** Cuts one message. */
export class LinePieces {
  #rest: Buffer = Buffer.alloc(0);
  #starts = true;

  /** The lines that are complete with this chunk. They share no memory with it. */
  push(chunk: Uint8Array): readonly LinePiece[] {
    const octets = Buffer.concat([this.#rest, chunk]);
    const pieces: LinePiece[] = [];
    let at = 0;
    for (let lf = octets.indexOf(LF); lf !== -1; lf = octets.indexOf(LF, at)) {
      const end = lf > at && octets[lf - 1] === CR ? lf - 1 : lf;
      pieces.push(this.#piece(octets.subarray(at, end), true));
      at = lf + 1;
    }
    // A CR at the end may belong to the line end.
    for (; octets.length - at > MAX_PIECE_BYTES + 1; at += MAX_PIECE_BYTES) {
      pieces.push(this.#piece(octets.subarray(at, at + MAX_PIECE_BYTES), false));
    }
    this.#rest = octets.subarray(at);
    return pieces;
  }

  /** What is left of a last line that has no end. */
  end(): readonly LinePiece[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? [] : [this.#piece(rest, false)];
  }

  #piece(octets: Buffer, ends: boolean): LinePiece {
    const starts = this.#starts;
    this.#starts = ends;
    return { octets, starts, ends };
  }
}
