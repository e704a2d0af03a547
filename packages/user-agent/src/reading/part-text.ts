/**
 * The text of one part, as a person reads it: charset decoded, flowed lines joined, HTML
 * turned into text. mailparser does the latter two, on a message made of this part alone.
 *
 * Only the beginning of a long text is read, so that a message of any size is shown in
 * bounded memory; what could not be converted says so in place of the text.
 *
 * RFC 2046 §4.1, RFC 3676 (format=flowed).
 */
import { printableText } from './printable.ts';
import type { MessagePart } from './walk-parts.ts';

export interface PartText {
  readonly text: string;
  /** There is more than is shown. */
  readonly cut: boolean;
}

/** HTML becomes a tree on its way to text, which takes many times its size. */
const HTML_SHARE = 0.5;

/** Reads at most `maxBytes` of a part's content, and passes over the rest. */
export async function readPartText(part: MessagePart, maxBytes: number): Promise<PartText> {
  const html = part.contentType === 'text/html';
  const max = html ? Math.ceil(maxBytes * HTML_SHARE) : maxBytes;
  const { octets, cut } = await readBeginning(part, max);
  const type = part.contentTypeField ?? 'text/plain';
  // Most text needs no parser; one for each part is what a search in bodies would wait for.
  const simple = !html && !/\bformat\s*=\s*"?flowed/i.test(type);
  const text = simple ? decodeText(type, octets) : printableText(await convert(type, octets));
  return { text, cut };
}

/** Plain text in the charset that its Content-Type names, fit to be shown. */
export function decodeText(type: string, octets: Buffer): string {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(type)?.[1] ?? 'utf-8';
  try {
    return printableText(new TextDecoder(charset).decode(octets));
  } catch {
    return printableText(octets.toString('utf8')); // a charset that nobody knows
  }
}

async function convert(type: string, octets: Buffer): Promise<string> {
  const { simpleParser } = await import('mailparser');
  const value = type.replace(/\r?\n(?![ \t])[^]*$/, '');
  const head = `Content-Type: ${value}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`;
  const parsed = await simpleParser(Buffer.concat([Buffer.from(head, 'latin1'), octets]), {
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
    keepCidLinks: true,
    maxHtmlLengthToParse: octets.length,
  });
  if (parsed.textConversionError === undefined) return parsed.text ?? '';
  return '(This part is HTML that cannot be shown as text.)\n';
}

/** The beginning of the content. The rest is read as well where another part may follow it. */
async function readBeginning(
  { content, single }: MessagePart,
  maxBytes: number,
): Promise<{ readonly octets: Buffer; readonly cut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    if (length < maxBytes) chunks.push(chunk.subarray(0, maxBytes - length));
    length += chunk.length;
    if (single && length > maxBytes) break;
  }
  return { octets: Buffer.concat(chunks), cut: length > maxBytes };
}
