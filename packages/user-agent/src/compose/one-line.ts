/**
 * Text that has to stand on one line of a header, made fit for it.
 *
 * A line break in a subject is a slip, and in a field that somebody else filled in it is
 * an attempt to add header fields: control characters and line separators become a space,
 * and encoded words that the author did not mean are broken up.
 */
const BREAKING = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Nothing longer without a space fits a line, folded or not (RFC 5322 §2.1.1: 998 octets). */
const MAX_WORD_OCTETS = 900;

/** What readers decode, and what may hide a line break that way (RFC 2047 §2). */
const ENCODED_WORD = /=\?(?=[^\s?]+\?[bq]\?[^\s?]*\?=)/gi;

/** The text on one line, to be read as it is written. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(BREAKING, ' ').replace(ENCODED_WORD, '= ?').trim();
}

/** Whether the text is on one line already. */
export function isOneLine(text: string): boolean {
  return text.isWellFormed() && text.search(BREAKING) === -1;
}

/** Whether folding between words keeps every line short enough. */
export function canBeFolded(text: string): boolean {
  return text.split(/[ \t]+/).every((word) => Buffer.byteLength(word) <= MAX_WORD_OCTETS);
}
