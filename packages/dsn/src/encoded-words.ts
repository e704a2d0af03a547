/**
 * Reads the encoded words of an unstructured field, so that a report can name a
 * message by its subject. What cannot be read stays as it is.
 *
 * Words of one charset that follow each other are read as one text: programs cut a
 * character in two although they must not (RFC 2047 §5), and readers are used to it.
 *
 * RFC 2047 §2, §4, §6.2; RFC 2231 §5 (language).
 */

const ONE = String.raw`=\?[^\s?*]{1,40}(?:\*[^\s?]{0,40})?\?[BbQq]\?[^\s?]*\?=`;
/** White space between two encoded words is no part of the text. */
const RUN = new RegExp(`${ONE}(?:[ \\t]+${ONE})*`, 'g');
const WORD = /=\?([^\s?*]{1,40})(?:\*[^\s?]*)?\?([BbQq])\?([^\s?]*)\?=/g;

/** The text, with every readable encoded word decoded. */
export function decodeWords(value: string): string {
  return value.replace(RUN, decodeRun);
}

function decodeRun(run: string): string {
  let text = '';
  let charset = '';
  let octets: Buffer[] = [];
  let words = '';
  const flush = (): void => {
    text += decode(charset, Buffer.concat(octets)) ?? words;
    [octets, words] = [[], ''];
  };
  for (const [word, name = '', encoding, coded = ''] of run.matchAll(WORD)) {
    if (name.toLowerCase() !== charset) {
      flush();
      charset = name.toLowerCase();
    }
    octets.push(encoding?.toUpperCase() === 'B' ? Buffer.from(coded, 'base64') : fromQ(coded));
    words += word;
  }
  flush();
  return text;
}

/** `undefined`: a charset that nobody knows. */
function decode(charset: string, octets: Buffer): string | undefined {
  if (octets.length === 0) return '';
  try {
    return new TextDecoder(charset).decode(octets);
  } catch {
    return undefined;
  }
}

function fromQ(text: string): Buffer {
  const latin1 = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(latin1, 'latin1');
}
