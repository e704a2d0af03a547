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

/** Turns CRLF into LF in a stream of chunks. */
export function createLineEndReader(): LineEndReader {
  let pending = false;
  return {
    push(chunk) {
      if (chunk.byteLength === 0) return Buffer.alloc(0);
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const before = pending ? '\r' : '';
      pending = bytes[bytes.length - 1] === CR;
      const whole = pending ? bytes.subarray(0, -1) : bytes;
      return withNewlines(before + whole.toString('latin1'));
    },
    end() {
      const rest = pending ? '\r' : '';
      pending = false;
      return Buffer.from(rest, 'latin1');
    },
  };
}

/** Octets with CRLF line ends, as octets with LF line ends. */
export function toNewlines(bytes: Buffer): Buffer {
  return withNewlines(bytes.toString('latin1'));
}

// A latin1 string has one character for each octet, and the engine's replace outruns any loop here.
function withNewlines(text: string): Buffer {
  return Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1');
}
