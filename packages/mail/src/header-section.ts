/**
 * The header section of a message: find its end, read its fields, edit a copy.
 *
 * Bytes stay what they are: a field keeps its raw octets (as latin1 text, one
 * character per octet) beside its unfolded value, so that writing the fields back
 * gives the very bytes that were read. A line that is neither a field nor a
 * continuation ends the section, as if an empty line stood before it; nothing is
 * refused here. Cost is linear in the octets given.
 *
 * RFC 5322 §2.2, §3.6; RFC 6532 (UTF-8 in values).
 */

/** One field as it stands in the message. */
export interface HeaderField {
  /** The field name in lower case. */
  readonly name: string;
  /** Raw octets as latin1, with folding and the final CRLF. */
  readonly raw: string;
}

/** A header section that was read. */
export interface HeaderSection {
  readonly fields: readonly HeaderField[];
  /** Octets up to and including the empty line: where the body begins. */
  readonly endOffset: number;
  /** Whether an empty line stood at the end. False for a broken section and for a message without a body. */
  readonly terminated: boolean;
}

const FIELD_START = /^([\u0021-\u0039\u003b-\u007e]+)[ \t]*:/;

/**
 * Where the header section of these octets ends: the offset behind the empty
 * line, or `undefined` while no empty line has been seen.
 */
export function findHeaderEnd(octets: Buffer): number | undefined {
  if (octets.length >= 2 && octets[0] === 13 && octets[1] === 10) return 2;
  const at = octets.indexOf('\r\n\r\n');
  return at === -1 ? undefined : at + 4;
}

/** Reads the fields at the start of a message, or of its first octets. */
export function readHeaderSection(octets: Buffer): HeaderSection {
  const end = findHeaderEnd(octets) ?? octets.length;
  const text = octets.toString('latin1', 0, end);
  const fields: HeaderField[] = [];
  let start = 0;
  while (start < text.length) {
    if (text.startsWith('\r\n', start)) return { fields, endOffset: start + 2, terminated: true };
    const name = FIELD_START.exec(text.slice(start, start + 1000))?.[1];
    if (name === undefined) return { fields, endOffset: start, terminated: false };
    const next = endOfField(text, start);
    fields.push({ name: name.toLowerCase(), raw: text.slice(start, next) });
    start = next;
  }
  return { fields, endOffset: start, terminated: false };
}

/** The unfolded value: CRLF before white space removed, ends trimmed, octets read as UTF-8 (RFC 5322 §2.2.3). */
export function fieldValue(field: HeaderField): string {
  const value = field.raw.slice(field.raw.indexOf(':') + 1).replace(/\r\n(?=[ \t])/g, '');
  // Trimmed by octet: `trim` would take 0xA0 away, which is the end of many a UTF-8 character.
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return Buffer.from(value.slice(start, end), 'latin1').toString('utf8');
}

/** The values of all fields of one name, in their order; the name in any case. */
export function fieldValues(section: HeaderSection, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return section.fields.filter((field) => field.name === wanted).map(fieldValue);
}

/** Makes a field of a name and a value that is already folded where it must be; control characters are refused. */
export function createField(name: string, value: string): HeaderField {
  const octets = Buffer.from(value, 'utf8').toString('latin1');
  if (
    !/^[\u0021-\u0039\u003b-\u007e]+$/.test(name) ||
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\r(?!\n[ \t])|(?<!\r)\n/.test(octets)
  ) {
    throw new TypeError(`no header field: ${name}`);
  }
  return { name: name.toLowerCase(), raw: `${name}: ${octets}\r\n` };
}

/** The octets of fields, in order. */
export function formatFields(fields: readonly HeaderField[]): Buffer {
  return Buffer.from(fields.map((field) => field.raw).join(''), 'latin1');
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09 || octet === 0x0d || octet === 0x0a;
}

function endOfField(text: string, start: number): number {
  let at = start;
  for (;;) {
    const crlf = text.indexOf('\r\n', at);
    if (crlf === -1) return text.length;
    const after = text.charCodeAt(crlf + 2);
    if (after !== 0x20 && after !== 0x09) return crlf + 2;
    at = crlf + 2;
  }
}
