/**
 * Reads the encoded words of an unstructured field, so that a report can name a
 * message by its subject. What cannot be read stays as it is.
 *
 * RFC 2047 §2, §4, §6.2.
 */

const WORD = /=\?([^\s?*]{1,40})(?:\*[^\s?]*)?\?([BbQq])\?([^\s?]*)\?=/g;
const BETWEEN_WORDS = /(=\?[^\s?]{1,60}\?[BbQq]\?[^\s?]*\?=)[ \t]+(?==\?[^\s?]{1,60}\?[BbQq]\?)/g;

/** The text, with every readable encoded word decoded. */
export function decodeWords(value: string): string {
  // White space between two encoded words is no part of the text.
  return value
    .replace(BETWEEN_WORDS, '$1')
    .replace(WORD, (whole, charset: string, encoding: string, text: string) => {
      const octets = encoding.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : fromQ(text);
      try {
        return new TextDecoder(charset).decode(octets);
      } catch {
        return whole; // a charset that nobody knows
      }
    });
}

function fromQ(text: string): Buffer {
  const latin1 = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(latin1, 'latin1');
}
