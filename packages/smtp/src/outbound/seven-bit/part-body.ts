/**
 * The body of one part on its way: as it is where it has seven bits, or encoded.
 *
 * Each takes the body line by line. The line end before a delimiter belongs to the
 * delimiter (RFC 2046 §5.1.1): in base64 it must not become part of the content.
 *
 * RFC 2045 §6.7 (quoted-printable), §6.8 (base64).
 */
import { encode, wrap } from 'nodemailer/lib/qp';
import type { LinePiece } from './line-pieces.ts';

/** Takes output. */
export type Output = (octets: Buffer) => void;

/** A body that is being written. */
export interface PartBody {
  line(piece: LinePiece): void;
  /** @param delimited whether a delimiter follows; else the message ends here */
  end(delimited: boolean): void;
}

export const CRLF: Buffer = Buffer.from('\r\n');
const SOFT_BREAK = Buffer.from('=\r\n');
/** 76 characters of base64, the longest line. */
const BASE64_LINE_OCTETS = 57;

/** Whether an octet needs eight bits. */
export function hasEighthBit(octets: Buffer): boolean {
  return octets.some((octet) => octet > 0x7f);
}

/** Lines of seven bits as they are. @param refuse called where one has eight; it throws */
export function plainBody(output: Output, refuse: () => never): PartBody {
  return {
    line({ ends, octets }) {
      if (hasEighthBit(octets)) refuse();
      output(octets);
      if (ends) output(CRLF);
    },
    end: () => undefined,
  };
}

/** Text, line by line: what is legible stays so. */
export function quotedPrintableBody(output: Output): PartBody {
  return {
    line({ ends, octets, starts }) {
      if (!starts) output(SOFT_BREAK);
      output(Buffer.from(wrap(encode(octets)), 'latin1'));
      if (ends) output(CRLF);
    },
    end: () => undefined,
  };
}

/** Octets that are no text. */
export function base64Body(output: Output): PartBody {
  let held = Buffer.alloc(0);
  let afterLine = false;
  let written = false;
  const lines = (whole: number): void => {
    for (let at = 0; at < whole; at += BASE64_LINE_OCTETS) {
      const octets = held.subarray(at, Math.min(at + BASE64_LINE_OCTETS, whole));
      output(Buffer.from(`${octets.toString('base64')}\r\n`, 'latin1'));
      written = true;
    }
    held = held.subarray(whole);
  };
  return {
    line({ ends, octets }) {
      held = Buffer.concat([held, ...(afterLine ? [CRLF] : []), octets]);
      afterLine = ends;
      lines(held.length - (held.length % BASE64_LINE_OCTETS));
    },
    end(delimited) {
      if (afterLine && !delimited) held = Buffer.concat([held, CRLF]);
      lines(held.length);
      if (!written && delimited && afterLine) output(CRLF); // an empty body, and the delimiter's line
    },
  };
}
