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
import { decodeText } from './part-text.ts';

const MAX_HEADER_BYTES = 65_536;
/** An octet of text takes up to three in quoted-printable. */
const MAX_EXPANSION = 3;

/** At most `maxBytes` of the text. @throws what the file system throws */
export async function readSimpleText(path: string, maxBytes: number): Promise<string | undefined> {
  const octets = await readBeginning(path, MAX_HEADER_BYTES + maxBytes * MAX_EXPANSION);
  const end = /\n\r?\n/.exec(octets.toString('latin1', 0, MAX_HEADER_BYTES));
  if (end === null || octets.toString('latin1', 0, 5) === 'From ') return undefined;
  const bodyAt = end.index + end[0].length;
  const header = octets.toString('latin1', 0, bodyAt).replace(/\r?\n/g, '\r\n');
  const section = readHeaderSection(Buffer.from(header, 'latin1'));
  const [type = 'text/plain', ...others] = fieldValues(section, 'Content-Type');
  const isPlain = /^text\/plain\s*(?:;|$)/i.test(type) && others.length === 0;
  const isAttached = fieldValues(section, 'Content-Disposition').length > 0;
  if (!isPlain || isAttached || /\bname\b|\bflowed\b/i.test(type)) return undefined;
  const [encoding = '7bit'] = fieldValues(section, 'Content-Transfer-Encoding');
  const decoded = decode(encoding.toLowerCase(), octets.subarray(bodyAt));
  return decoded && decodeText(type, decoded.subarray(0, maxBytes));
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

async function readBeginning(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const octets = Buffer.allocUnsafe(Math.min(size, maxBytes));
    const { bytesRead } = await file.read(octets, 0, octets.length, 0);
    return octets.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
