/**
 * The text of a message that has no parts, for a search: read without a MIME parser, whose
 * objects are what a search through a large mailbox would fill the memory with.
 *
 * Whatever is not surely plain text in a known encoding is `undefined`, and left to the
 * parser.
 *
 * RFC 2045 §6.7, §6.8.
 */
import { open } from 'node:fs/promises';
import { fieldValues, readHeaderSection } from '@posthouse/mail';
import { headerEnd } from './header-reader.ts';
import { decodeText } from './part-text.ts';

const MAX_HEADER_BYTES = 65_536;
/** An octet of text takes up to three in quoted-printable. */
const MAX_EXPANSION = 3;

/** Octets of memory to read at most `maxBytes` of text with. */
export function simpleTextBytes(maxBytes: number): number {
  return MAX_HEADER_BYTES + maxBytes * MAX_EXPANSION;
}

/**
 * At most `maxBytes` of the text.
 * @param memory at least `simpleTextBytes`, for this call alone
 * @throws what the file system throws
 */
export async function readSimpleText(
  path: string,
  maxBytes: number,
  memory: Buffer,
): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { bytesRead } = await file.read(memory, 0, MAX_HEADER_BYTES);
    const simple = simpleIn(memory.subarray(0, bytesRead));
    if (simple === undefined) return undefined;
    let end = bytesRead;
    if (end === MAX_HEADER_BYTES) {
      end += (await file.read(memory, end, simpleTextBytes(maxBytes) - end)).bytesRead;
    }
    const decoded = decode(simple.encoding, memory.subarray(simple.bodyAt, end));
    return decoded && decodeText(simple.type, decoded.subarray(0, maxBytes));
  } finally {
    await file.close();
  }
}

interface SimpleText {
  readonly bodyAt: number;
  readonly type: string;
  readonly encoding: string;
}

/** What the beginning of a file says of its text; `undefined` where it is not surely plain. */
function simpleIn(octets: Buffer): SimpleText | undefined {
  const bodyAt = headerEnd(octets);
  if (bodyAt === -1 || octets.toString('latin1', 0, 5) === 'From ') return undefined;
  const header = octets.toString('latin1', 0, bodyAt).replace(/\r?\n/g, '\r\n');
  const section = readHeaderSection(Buffer.from(header, 'latin1'));
  const [type = 'text/plain', ...others] = fieldValues(section, 'Content-Type');
  const isPlain = /^text\/plain\s*(?:;|$)/i.test(type) && others.length === 0;
  const isAttached = fieldValues(section, 'Content-Disposition').length > 0;
  if (!isPlain || isAttached || /\bname\b|\bflowed\b/i.test(type)) return undefined;
  const [encoding = '7bit'] = fieldValues(section, 'Content-Transfer-Encoding');
  return { bodyAt, type, encoding: encoding.toLowerCase() };
}

/** `undefined`: an encoding that we leave to the parser. */
function decode(encoding: string, body: Buffer): Buffer | undefined {
  switch (encoding) {
    case '7bit':
    case '8bit':
    case 'binary':
      return body;
    case 'base64':
      return Buffer.from(body.toString('latin1'), 'base64');
    case 'quoted-printable': {
      const text = body.toString('latin1').replace(/=[ \t]*\r?\n/g, '');
      const plain = text.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      return Buffer.from(plain, 'latin1');
    }
    default:
      return undefined;
  }
}
