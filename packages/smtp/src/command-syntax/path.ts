/**
 * The argument of MAIL and RCPT: a keyword, a path in angle brackets, parameters.
 *
 * The path is cut out by its own grammar, in which a quoted local-part may hold `>` and
 * spaces; what stands in it is read by the parsers of @posthouse/mail.
 *
 * RFC 5321 §4.1.1.2, §4.1.1.3, §4.1.2.
 */

/** A path with its angle brackets, and what stands behind it. */
export interface PathArgument {
  readonly path: string;
  /** `KEY=value` and `KEY`, in their order. */
  readonly parameters: readonly string[];
}

/**
 * Splits `FROM:<path> parameters` or `TO:<path> parameters`. A space behind the colon is
 * no part of the grammar, but so many clients put one there that it is let pass.
 */
export function splitPathArgument(
  argument: string,
  keyword: 'FROM' | 'TO',
): PathArgument | 'no-keyword' | 'no-path' {
  const colon = argument.indexOf(':');
  if (colon === -1 || argument.slice(0, colon).trimEnd().toUpperCase() !== keyword) {
    return 'no-keyword';
  }
  const text = argument.slice(colon + 1).trim();
  const end = endOfPath(text);
  if (end === -1) return 'no-path';
  const rest = text.slice(end);
  if (rest !== '' && !rest.startsWith(' ')) return 'no-path';
  return {
    path: text.slice(0, end),
    parameters: rest === '' ? [] : rest.split(' ').filter((parameter) => parameter !== ''),
  };
}

/** The offset behind the closing angle bracket, or -1. */
function endOfPath(text: string): number {
  if (!text.startsWith('<')) return -1;
  let quoted = false;
  for (let at = 1; at < text.length; at++) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted && character === '\\') at++;
    else if (!quoted && character === '>') return at + 1;
  }
  return -1;
}
