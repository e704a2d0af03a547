/**
 * The addresses of a header field: From, To, and what else is a list of addresses.
 *
 * Strict where it matters: a value that is not wholly understood gives `undefined`,
 * because an address that we overlooked is an address that nobody authorized. Comments,
 * quoted names, groups and encoded words are understood; obsolete routes are not.
 * Linear in the length; nesting of comments is bounded. Never throws.
 *
 * RFC 5322 §3.4, §3.6.2; RFC 6532 (UTF-8); RFC 6854 (groups in From).
 */
import type { Domain } from './domain.ts';
import { parseMailbox } from './mailbox.ts';
import type { Mailbox } from './mailbox.ts';

type Token = {
  readonly kind: 'word' | 'quoted' | 'special';
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
};

/** An address as it stands in a list. */
type Written =
  | { readonly kind: 'mailbox'; readonly mailbox: Mailbox }
  /** A local-part alone, as programs of one host write it; `end` is where a domain would follow. */
  | { readonly kind: 'local'; readonly text: string; readonly end: number };

const MAX_COMMENT_DEPTH = 20;
const ATOM = /[^\s()<>[\]:;@\\,"\u0000-\u001f\u007f]+/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const LITERAL = /\[[^\][\\]*\]/y;

/** Every address of the field's unfolded value, in order; `undefined` where it cannot be wholly read. */
export function readAddresses(value: string): readonly Mailbox[] | undefined {
  const mailboxes: Mailbox[] = [];
  for (const written of readList(value) ?? [undefined]) {
    if (written?.kind !== 'mailbox') return undefined;
    mailboxes.push(written.mailbox);
  }
  return mailboxes;
}

/** As `readAddresses`; a local-part alone is an address in `domain`. */
export function readLocalAddresses(value: string, domain: Domain): readonly Mailbox[] | undefined {
  const mailboxes: Mailbox[] = [];
  for (const written of readList(value) ?? [undefined]) {
    const mailbox =
      written?.kind === 'local' ? parseMailbox(`${written.text}@${domain}`) : written?.mailbox;
    if (mailbox === undefined) return undefined;
    mailboxes.push(mailbox);
  }
  return mailboxes;
}

/** The value with `@domain` behind each local-part that stands alone; as it is where it cannot be read. */
export function qualifyAddresses(value: string, domain: Domain): string {
  let [qualified, from] = ['', 0];
  for (const written of readList(value) ?? []) {
    if (written.kind === 'mailbox') continue;
    qualified += `${value.slice(from, written.end)}@${domain}`;
    from = written.end;
  }
  return qualified + value.slice(from);
}

function readList(value: string): readonly Written[] | undefined {
  const tokens = tokenize(value);
  if (tokens === undefined) return undefined;
  const list = splitList(tokens);
  if (list === undefined) return undefined;
  const addresses: Written[] = [];
  for (const item of list) {
    if (item.length === 0) continue; // an obsolete empty list element (RFC 5322 §4.4)
    const address = readAddress(item);
    if (address === undefined) return undefined;
    addresses.push(address);
  }
  return addresses;
}

function tokenize(value: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < value.length) {
    const character = value.charAt(at);
    if (character === '(') {
      const end = endOfComment(value, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (/\s/.test(character)) {
      at++;
    } else {
      const token = readToken(value, at);
      if (token === undefined) return undefined;
      tokens.push(token);
      at += token.text.length;
    }
  }
  return tokens;
}

function readToken(value: string, at: number): Token | undefined {
  const quoted = matchAt(QUOTED, value, at);
  if (quoted !== undefined) return { kind: 'quoted', text: quoted, at };
  const word = matchAt(ATOM, value, at) ?? matchAt(LITERAL, value, at);
  if (word !== undefined) return { kind: 'word', text: word, at };
  const special = value.charAt(at);
  return '<>@,:;'.includes(special) ? { kind: 'special', text: special, at } : undefined;
}

function matchAt(pattern: RegExp, value: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(value)?.[0];
}

function endOfComment(value: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < value.length; at++) {
    const character = value.charAt(at);
    if (character === '\\') at++;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    if (depth === 0) return at + 1;
    if (depth > MAX_COMMENT_DEPTH) return undefined;
  }
  return undefined;
}

/**
 * Splits at commas; a group's name and its `:` and `;` fall away. `undefined` where what stands
 * there is no name, or no group: groups do not nest, and end (RFC 5322 §3.4).
 */
function splitList(tokens: readonly Token[]): readonly (readonly Token[])[] | undefined {
  const items: Token[][] = [[]];
  let isInGroup = false;
  for (const token of tokens) {
    const item = items.at(-1) ?? [];
    const mark = token.kind === 'special' ? token.text : '';
    if (mark === ',' || mark === ';') {
      items.push([]);
      if (mark === ';') isInGroup = false;
    } else if (mark === ':') {
      if (isInGroup || item.length === 0 || !isName(item)) return undefined;
      items[items.length - 1] = [];
      isInGroup = true;
    } else item.push(token);
  }
  return isInGroup ? undefined : items;
}

/** A name is words: an "@" in it would be an address to another reader. */
function isName(tokens: readonly Token[]): boolean {
  return tokens.every((token) => token.kind !== 'special');
}

function readAddress(tokens: readonly Token[]): Written | undefined {
  const open = tokens.findIndex((token) => token.kind === 'special' && token.text === '<');
  if (open === -1) return readAddrSpec(tokens);
  const last = tokens.at(-1);
  if (last?.kind !== 'special' || last.text !== '>') return undefined;
  return isName(tokens.slice(0, open)) ? readAddrSpec(tokens.slice(open + 1, -1)) : undefined;
}

function readAddrSpec(tokens: readonly Token[]): Written | undefined {
  const [local, at] = tokens;
  if (local === undefined || local.kind === 'special') return undefined;
  if (tokens.length === 1) {
    const isLocalPart = parseMailbox(`${local.text}@localhost`) !== undefined;
    const end = local.at + local.text.length;
    return isLocalPart ? { kind: 'local', text: local.text, end } : undefined;
  }
  if (tokens.length !== 3 || at?.text !== '@' || tokens[2]?.kind === 'special') return undefined;
  const mailbox = parseMailbox(tokens.map((token) => token.text).join(''));
  return mailbox && { kind: 'mailbox', mailbox };
}
