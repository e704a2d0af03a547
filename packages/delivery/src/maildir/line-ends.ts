/**
 * Line ends: CRLF on the wire, LF in a Maildir (decision 0006).
 *
 * Lossless for content in canonical form, which is what crosses the seam: where every CR
 * and LF is part of a CRLF, putting CRs back gives the octets that were received. Works
 * chunk by chunk; a CR at the end of a chunk waits for the next one.
 */

export interface LineEndReader {
  /** The chunk with LF line ends, in memory of its own. */
  push(chunk: Uint8Array): Buffer;
  /** What was still waiting. */
  end(): Buffer;
}

const CR = 0x0d;
const LF = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/** Turns CRLF into LF in a stream of chunks. */
export function createLineEndReader(): LineEndReader {
  let pending = false;
  return {
    push(chunk) {
      if (chunk.byteLength === 0) return NOTHING;
      const before = pending && chunk[0] !== LF ? 1 : 0;
      pending = chunk[chunk.byteLength - 1] === CR;
      const octets = pending ? chunk.subarray(0, -1) : chunk;
      const bytes = Buffer.allocUnsafeSlow(before + octets.byteLength);
      if (before === 1) bytes[0] = CR;
      return bytes.subarray(0, before + withNewlines(octets, bytes.subarray(before)));
    },
    end() {
      const rest = pending ? Buffer.allocUnsafeSlow(1).fill(CR) : NOTHING;
      pending = false;
      return rest;
    },
  };
}

/** Octets with CRLF line ends, as octets with LF line ends. */
export function toNewlines(octets: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(octets.byteLength);
  return bytes.subarray(0, withNewlines(octets, bytes));
}

/**
 * Copies octets without the CR of each CRLF; the target is as long as they are. Eight at a time, and where
 * there is a CR among them those before it: a search for each line and a copy of each cost half as much again.
 * @returns how many octets it has written
 */
function withNewlines(octets: Uint8Array, into: Uint8Array): number {
  const source = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const target = new DataView(into.buffer, into.byteOffset, into.byteLength);
  const last = octets.byteLength - 9; // eight, and the one behind them
  let at = 0;
  let end = 0;
  while (at <= last) {
    const low = source.getInt32(at, true);
    const high = source.getInt32(at + 4, true);
    target.setInt32(end, low, true); // never further than what was read
    target.setInt32(end + 4, high, true);
    const inLow = returnsIn(low);
    const inHigh = returnsIn(high);
    if ((inLow | inHigh) === 0) {
      at += 8;
      end += 8;
      continue;
    }
    const before = inLow === 0 ? 4 + firstOf(inHigh) : firstOf(inLow);
    at += before + 1;
    end += before;
    if (source.getUint8(at) !== LF) end += 1; // it stays
  }
  for (; at < octets.byteLength; at++) {
    const octet = source.getUint8(at);
    if (octet === CR && octets[at + 1] === LF) continue;
    target.setUint8(end++, octet);
  }
  return end;
}

/** The lowest octet of the word that is CR has its top bit set; none is where none is CR. */
function returnsIn(word: number): number {
  const zeroWhereReturn = word ^ 0x0d0d0d0d;
  return (zeroWhereReturn - 0x01010101) & ~zeroWhereReturn & 0x80808080;
}

/** Which of the four octets is the first that is marked. */
function firstOf(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >>> 3;
}
