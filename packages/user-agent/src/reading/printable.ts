/**
 * Text of strangers, made fit to be shown on a terminal or in a list.
 *
 * Control characters can move the cursor, recolour or retitle a terminal and hide what was
 * said; marks that turn the direction of text can make one address look like another.
 */

/** C0 but tab and line feed, DEL and C1. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const BLANKS = /[\t\n\r\u2028\u2029 ]+/g;
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of several lines, with LF line ends. */
export function printableText(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, '\n').replace(CONTROLS, '\ufffd');
}

/** A field's value, on one line. */
export function printableLine(text: string): string {
  return text
    .toWellFormed()
    .replace(BLANKS, ' ')
    .replace(CONTROLS, '\ufffd')
    .replace(DIRECTIONS, '')
    .trim();
}
