/**
 * The syntax of a delivery-status part: blocks of fields, parted by empty lines.
 *
 * Writing folds long values between words and gives them back unchanged when they
 * are unfolded. Reading takes what it finds: any line end, fields without a space
 * after the colon, lines that are no fields (passed over), blocks without a field.
 *
 * RFC 3464 §2.1, §2.1.1; RFC 5322 §2.2.3 (folding).
 */

/** One field. The name is as it was written; compare it without case. */
export interface StatusField {
  readonly name: string;
  /** Unfolded. */
  readonly value: string;
}

/** The fields about the message, or about one recipient. */
export type StatusBlock = readonly StatusField[];

const LINE_OCTETS = 76;
/** Below the 998 of RFC 5322 §2.1.1, whatever a peer has said in one word. */
const MAX_WORD_OCTETS = 900;

/** Writes blocks with CRLF, an empty line between two of them. */
export function formatBlocks(blocks: readonly StatusBlock[]): string {
  return blocks.map((block) => block.map(formatField).join('')).join('\r\n');
}

/** Reads blocks; those without any field are left out. */
export function parseBlocks(text: string): readonly StatusBlock[] {
  const blocks: StatusField[][] = [];
  let block: StatusField[] = [];
  let lines: { readonly name: string; readonly values: string[] } | undefined;
  const endField = (): void => {
    if (lines !== undefined) block.push({ name: lines.name, value: lines.values.join('').trim() });
    lines = undefined;
  };
  const endBlock = (): void => {
    endField();
    if (block.length > 0) blocks.push(block);
    block = [];
  };
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.trim() === '') endBlock();
    else if (/^[ \t]/.test(line)) lines?.values.push(line);
    else {
      endField();
      const match = /^([\u0021-\u0039\u003b-\u007e]+)[ \t]*:(.*)$/s.exec(line);
      if (match !== null) lines = { name: match[1] ?? '', values: [match[2] ?? ''] };
    }
  }
  endBlock();
  return blocks;
}

/** The first field of a name; `undefined` where there is none or it is empty. */
export function fieldOf(block: StatusBlock, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const field = block.find((one) => one.name.toLowerCase() === wanted && one.value !== '');
  return field?.value;
}

function formatField(field: StatusField): string {
  const value = field.value.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return value === '' ? '' : `${fold(`${field.name}: ${value}`)}\r\n`;
}

/** Breaks lines in front of spaces, which stay, so that unfolding gives the very text back. */
function fold(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/ *[^ ]+/g) ?? []) {
    if (line !== '' && octets(line) + octets(piece) > LINE_OCTETS) {
      lines.push(line);
      line = '';
    }
    line += breakWord(piece);
  }
  return [...lines, line].join('\r\n');
}

/** A word too long for any line is broken by force: better with a space in it than not sendable. */
function breakWord(word: string): string {
  if (octets(word) <= MAX_WORD_OCTETS) return word;
  return (word.match(new RegExp(`.{1,${MAX_WORD_OCTETS / 4}}`, 'gu')) ?? []).join('\r\n ');
}

function octets(text: string): number {
  return Buffer.byteLength(text);
}
