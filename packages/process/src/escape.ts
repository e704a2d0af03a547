/** Text from outside, made harmless for a terminal and for lines. Pure. */

/** C0, DEL, C1, line separators and marks of writing direction. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Control and direction characters as `\\uXXXX`. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
