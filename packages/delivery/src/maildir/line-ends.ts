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
      const before = pending ? 1 : 0;
      const bytes = Buffer.allocUnsafeSlow(before + chunk.byteLength);
      if (pending) bytes[0] = CR;
      bytes.set(chunk, before);
      pending = bytes[bytes.length - 1] === CR;
      return withNewlines(pending ? bytes.subarray(0, -1) : bytes);
    },
    end() {
      const rest = pending ? Buffer.allocUnsafeSlow(1).fill(CR) : NOTHING;
      pending = false;
      return rest;
    },
  };
}

/** Octets with CRLF line ends, as octets with LF line ends. */
export function toNewlines(bytes: Buffer): Buffer {
  return withNewlines(Buffer.from(bytes));
}

/**
 * Moves the lines together within their own memory. The engine's search and its moving of stretches outrun
 * a loop over the octets, and leave no garbage, as a string's replace does.
 */
function withNewlines(bytes: Buffer): Buffer {
  let end = 0;
  let from = 0;
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] !== LF) continue;
    if (end !== from) bytes.copyWithin(end, from, at);
    end += at - from;
    from = at + 1;
  }
  if (end !== from) bytes.copyWithin(end, from);
  return bytes.subarray(0, end + bytes.length - from);
}
