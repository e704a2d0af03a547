/**
 * Turns a message of eight bits into one of seven, for a peer that takes no others: text
 * becomes quoted-printable, everything else base64, and each part says so. What has seven
 * bits already stays as it is, octet for octet.
 *
 * Streams: what is held is a header section, a line, and the beginning of a part that says
 * it has seven bits, until it shows whether that is true. It refuses what must not be
 * touched (a signed multipart) and what nobody could read the same way afterwards: header
 * fields beyond ASCII, eight bits outside of any part, in a message that is not MIME, or
 * far behind the beginning of a part that says it has seven.
 *
 * RFC 6152 §3; RFC 2045 §6; RFC 2046 §5; RFC 1847 §2.1 (signed parts).
 */
import { refuse } from '@posthouse/mail';
import { readEntityHeader, withEncoding } from './entity-header.ts';
import type { EntityHeader, Surroundings } from './entity-header.ts';
import { LinePieces } from './line-pieces.ts';
import type { LinePiece } from './line-pieces.ts';
import { base64Body, CRLF, hasEighthBit, plainBody, quotedPrintableBody } from './part-body.ts';
import type { PartBody } from './part-body.ts';

const MAX_HEADER_BYTES = 1_048_576;
const MAX_HELD_BYTES = 262_144;
const MAX_DEPTH = 100;

/** A multipart that is open. */
interface Multipart {
  readonly delimiter: string;
  readonly inside: Surroundings;
}

/** A header section that is being read. */
interface Opening {
  readonly lines: Buffer[];
  readonly surroundings: Surroundings;
  bytes: number;
}

/** Converts one message. */
export class SevenBitConverter {
  readonly #pieces = new LinePieces();
  /** The outermost first. */
  readonly #multiparts: Multipart[] = [];
  #opening: Opening | undefined = opening({ within: false, defaultType: 'text/plain' });
  #body: PartBody = this.#plain('has eight bits where none may be');
  #output: Buffer[] = [];
  /** Within a signed part nothing may change. */
  #signedDepth = Infinity;

  /** What the chunk becomes, as far as it is known. @throws MailError `eight-bit-unsupported` */
  push(chunk: Uint8Array): Buffer {
    for (const piece of this.#pieces.push(chunk)) this.#take(piece);
    return this.#taken();
  }

  /** The rest. @throws as `push` */
  end(): Buffer {
    for (const piece of this.#pieces.end()) this.#take(piece);
    if (this.#opening !== undefined) this.#endHeader(this.#opening, false);
    this.#body.end(false);
    return this.#taken();
  }

  #taken(): Buffer {
    const output = Buffer.concat(this.#output);
    this.#output = [];
    return output;
  }

  #take(piece: LinePiece): void {
    if (piece.starts && this.#isDelimiter(piece)) return;
    const open = this.#opening;
    if (open === undefined) return this.#body.line(piece);
    if (piece.starts && piece.ends && piece.octets.length === 0) return this.#endHeader(open, true);
    if (hasEighthBit(piece.octets)) undecidable('has header fields beyond ASCII');
    open.bytes += piece.octets.length + CRLF.length;
    if (open.bytes > MAX_HEADER_BYTES) undecidable('has a header section too long');
    open.lines.push(piece.octets, ...(piece.ends ? [CRLF] : []));
  }

  /** Whether a line is a delimiter of a multipart; the innermost counts first. */
  #isDelimiter({ ends, octets }: LinePiece): boolean {
    if (octets[0] !== 0x2d || octets[1] !== 0x2d || octets.length > 1000) return false;
    const line = octets.toString('latin1').trimEnd();
    const place = this.#multiparts.findLastIndex(
      ({ delimiter }) => line === delimiter || line === `${delimiter}--`,
    );
    const multipart = this.#multiparts[place];
    if (multipart === undefined) return false;
    if (this.#opening !== undefined) this.#endHeader(this.#opening, false);
    this.#body.end(true);
    const closes = line !== multipart.delimiter;
    this.#multiparts.length = closes ? place : place + 1;
    if (this.#multiparts.length < this.#signedDepth) this.#signedDepth = Infinity;
    this.#opening = closes ? undefined : opening(multipart.inside);
    this.#body = this.#plain('has eight bits between its parts');
    this.#output.push(octets, ...(ends ? [CRLF] : []));
    return true;
  }

  /** @param terminated whether the empty line was there */
  #endHeader({ lines, surroundings }: Opening, terminated: boolean): void {
    this.#opening = undefined;
    const header = readEntityHeader(Buffer.concat(lines), surroundings);
    const emptyLine = terminated ? CRLF : Buffer.alloc(0);
    const emit = (octets: Buffer): void => void this.#output.push(octets, emptyLine);
    const { content } = header;
    if (content.kind === 'leaf' && header.mime && this.#mayChange) {
      this.#openLeaf(header, content.text, emit);
    } else if (content.kind === 'multipart' && header.mime && isIdentity(header)) {
      emit(this.#relabelled(header));
      this.#openMultipart(content.boundary, content.subtype);
    } else if (content.kind === 'message' && header.mime && isIdentity(header)) {
      emit(this.#relabelled(header));
      this.#opening = opening({ within: false, defaultType: 'text/plain' });
    } else {
      emit(header.octets);
      const unencodable = header.mime ? 'in a part that cannot be encoded' : 'and is not MIME';
      this.#body = this.#plain(this.#mayChange ? `has eight bits ${unencodable}` : 'is signed');
    }
  }

  get #mayChange(): boolean {
    return this.#multiparts.length < this.#signedDepth;
  }

  /** A multipart or a message is as wide as what is in it. */
  #relabelled(header: EntityHeader): Buffer {
    const wide = header.encoding !== '7bit';
    return wide && this.#mayChange ? withEncoding(header, '7bit') : header.octets;
  }

  #openMultipart(boundary: string, subtype: string): void {
    if (this.#multiparts.length >= MAX_DEPTH) undecidable('has parts within parts without end');
    const defaultType = subtype === 'digest' ? 'message/rfc822' : 'text/plain';
    this.#multiparts.push({ delimiter: `--${boundary}`, inside: { within: true, defaultType } });
    if (subtype === 'signed' && this.#mayChange) this.#signedDepth = this.#multiparts.length;
    this.#body = this.#plain(this.#mayChange ? 'has eight bits before its parts' : 'is signed');
  }

  #openLeaf(header: EntityHeader, text: boolean, emit: (octets: Buffer) => void): void {
    const output = (octets: Buffer): void => void this.#output.push(octets);
    const encoded = (): PartBody => {
      const quoted = text && header.encoding !== 'binary';
      emit(withEncoding(header, quoted ? 'quoted-printable' : 'base64'));
      return quoted ? quotedPrintableBody(output) : base64Body(output);
    };
    const asItIs = (): PartBody => {
      emit(header.octets);
      return this.#plain('has eight bits where it says seven');
    };
    if (header.encoding === '8bit' || header.encoding === 'binary') this.#body = encoded();
    else if (header.encoding === '7bit') this.#body = lookAhead(asItIs, encoded);
    else this.#body = asItIs();
  }

  #plain(trouble: string): PartBody {
    return plainBody(
      (octets) => void this.#output.push(octets),
      () => undecidable(trouble),
    );
  }
}

/** A part that says it has seven bits: held until it shows eight, ends, or has been believed long enough. */
function lookAhead(asItIs: () => PartBody, encoded: () => PartBody): PartBody {
  const held: LinePiece[] = [];
  let heldBytes = 0;
  let body: PartBody | undefined;
  const decide = (chosen: PartBody): PartBody => {
    for (const piece of held.splice(0)) chosen.line(piece);
    body = chosen;
    return chosen;
  };
  return {
    line(piece) {
      if (body !== undefined) return body.line(piece);
      held.push(piece);
      heldBytes += piece.octets.length + CRLF.length;
      if (hasEighthBit(piece.octets)) decide(encoded());
      else if (heldBytes > MAX_HELD_BYTES) decide(asItIs());
    },
    end(delimited) {
      (body ?? decide(asItIs())).end(delimited);
    },
  };
}

function isIdentity({ encoding }: EntityHeader): boolean {
  return encoding === '7bit' || encoding === '8bit' || encoding === 'binary';
}

function opening(surroundings: Surroundings): Opening {
  return { lines: [], surroundings, bytes: 0 };
}

function undecidable(what: string): never {
  throw refuse('eight-bit-unsupported', {
    text: `The next host takes seven bits only, and the message ${what}`,
  });
}
