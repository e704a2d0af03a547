/**
 * The header section of a message or of a part of it, as far as a change of its
 * encoding needs it: what it says of its content, and the same section saying otherwise.
 *
 * What is said twice, or so that it cannot be read, is `unclear`: nobody can tell how
 * another reader would take it.
 *
 * RFC 2045 §5, §6; RFC 2046 §5.1 (multipart), §5.2 (message).
 */
import { createField, fieldValues, formatFields, readHeaderSection } from '@posthouse/mail';
import type { HeaderSection } from '@posthouse/mail';

/** What the content is. */
export type EntityKind =
  | { readonly kind: 'leaf'; readonly text: boolean }
  | { readonly kind: 'multipart'; readonly boundary: string; readonly subtype: string }
  /** A message within the message, whose parts are encoded one by one. */
  | { readonly kind: 'message' }
  | { readonly kind: 'unclear' };

/** A header section. */
export interface EntityHeader {
  readonly content: EntityKind;
  /** In lower case; `7bit` where nothing is said. */
  readonly encoding: string;
  /** Whether the content types of RFC 2045 mean anything here. */
  readonly mime: boolean;
  /** Its octets, without the empty line. */
  readonly octets: Buffer;
}

/** What holds a part. */
export interface Surroundings {
  /** Part of a message that is MIME; else the section must say so itself. */
  readonly within: boolean;
  /** What a part is that does not say: in a multipart/digest a message (RFC 2046 §5.1.5). */
  readonly defaultType: 'text/plain' | 'message/rfc822';
}

const ENCODING = 'Content-Transfer-Encoding';

/** Reads a section. */
export function readEntityHeader(octets: Buffer, surroundings: Surroundings): EntityHeader {
  const section = readHeaderSection(octets);
  const encodings = fieldValues(section, ENCODING);
  const types = fieldValues(section, 'content-type');
  const clear = section.endOffset === octets.length && encodings.length < 2 && types.length < 2;
  const encoding = withoutComments(encodings[0] ?? '7bit')
    .trim()
    .toLowerCase();
  return {
    content: clear ? kindOf(types[0] ?? surroundings.defaultType) : { kind: 'unclear' },
    encoding,
    mime: surroundings.within || fieldValues(section, 'mime-version').length > 0,
    octets,
  };
}

/** The section with another encoding in it. */
export function withEncoding({ octets }: EntityHeader, encoding: string): Buffer {
  const section: HeaderSection = readHeaderSection(octets);
  const field = createField(ENCODING, encoding);
  const others = section.fields.filter(({ name }) => name !== ENCODING.toLowerCase());
  const said = others.length < section.fields.length;
  const fields = said
    ? section.fields.map((each) => (each.name === ENCODING.toLowerCase() ? field : each))
    : [...others, field];
  return formatFields(fields);
}

function kindOf(contentType: string): EntityKind {
  const value = withoutComments(contentType);
  const [whole = '', type = '', subtype = ''] =
    /^\s*([^\s/;]+)\s*\/\s*([^\s/;]+)\s*/.exec(value) ?? [];
  const name = `${type}/${subtype}`.toLowerCase();
  if (type.toLowerCase() === 'multipart') {
    const boundary = parameter(value.slice(whole.length), 'boundary');
    if (boundary === undefined) return { kind: 'unclear' };
    return { kind: 'multipart', boundary, subtype: subtype.toLowerCase() };
  }
  if (name === 'message/rfc822') return { kind: 'message' };
  // Of the others some must not be encoded at all (RFC 2046 §5.2).
  if (name.startsWith('message/') || whole === '') return { kind: 'unclear' };
  return { kind: 'leaf', text: name.startsWith('text/') };
}

/** A parameter's value: a token or a quoted string (RFC 2045 §5.1). */
function parameter(parameters: string, wanted: string): string | undefined {
  const each = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))\s*|;\s*(?=;|$)/y;
  let found: string | undefined;
  while (each.lastIndex < parameters.length) {
    const match = each.exec(parameters);
    if (match === null) return undefined;
    const [, name, quoted, token] = match;
    if (name?.toLowerCase() !== wanted) continue;
    if (found !== undefined) return undefined;
    found = quoted?.replaceAll(/\\(.)/g, '$1') ?? token;
  }
  return found === undefined || found === '' || found.length > 70 ? undefined : found;
}

/** Comments may stand anywhere between tokens, not within quoted strings (RFC 822 §3.4.3). */
function withoutComments(value: string): string {
  let depth = 0;
  let quoted = false;
  let kept = '';
  for (let at = 0; at < value.length; at++) {
    const character = value[at] ?? '';
    const escaped = character === '\\' && (quoted || depth > 0);
    const taken = escaped ? value.slice(at, ++at + 1) : character;
    if (!escaped && depth === 0 && character === '"') quoted = !quoted;
    if (!escaped && !quoted && character === '(') depth++;
    else if (!escaped && depth > 0 && character === ')') depth--;
    else if (depth === 0) kept += taken;
  }
  return kept;
}
