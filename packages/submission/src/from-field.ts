/**
 * Who a message says it is from: the addresses of a From (or Sender) field.
 *
 * Strict where it matters: a value that is not wholly understood gives `undefined`,
 * because an address that we overlooked is an address that nobody authorized. Comments,
 * quoted names, groups and encoded words are understood; obsolete routes are not.
 * Linear in the length; nesting of comments is bounded. Never throws.
 *
 * RFC 5322 §3.4, §3.6.2; RFC 6532 (UTF-8); RFC 6854 (groups in From).
 */
import { parseMailbox } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';

type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'special'; readonly text: string };

const MAX_COMMENT_DEPTH = 20;
const ATOM = /[^\s()<>[\]:;@\\,"\u0000-\u001f\u007f]+/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const LITERAL = /\[[^\][\\]*\]/y;

/** Every address of the field's unfolded value, in order; `undefined` where it cannot be wholly read. */
export function readAddresses(value: string): readonly Mailbox[] | undefined {
  const tokens = tokenize(value);
  if (tokens === undefined) return undefined;
  const list = splitList(tokens);
  if (list === undefined) return undefined;
  const addresses: Mailbox[] = [];
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
  if (quoted !== undefined) return { kind: 'quoted', text: quoted };
  const word = matchAt(ATOM, value, at) ?? matchAt(LITERAL, value, at);
  if (word !== undefined) return { kind: 'word', text: word };
  const special = value.charAt(at);
  return '<>@,:;'.includes(special) ? { kind: 'special', text: special } : undefined;
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

/** Splits at commas; a group's name and its `:` and `;` fall away. `undefined` where what stands there is no name. */
function splitList(tokens: readonly Token[]): readonly (readonly Token[])[] | undefined {
  const items: Token[][] = [[]];
  for (const token of tokens) {
    const isSpecial = token.kind === 'special';
    if (isSpecial && (token.text === ',' || token.text === ';')) items.push([]);
    else if (isSpecial && token.text === ':') {
      if (!isName(items.at(-1) ?? [])) return undefined;
      items[items.length - 1] = [];
    } else items.at(-1)?.push(token);
  }
  return items;
}

/** A name is words: an "@" in it would be an address to another reader. */
function isName(tokens: readonly Token[]): boolean {
  return tokens.every((token) => token.kind !== 'special');
}

function readAddress(tokens: readonly Token[]): Mailbox | undefined {
  const open = tokens.findIndex((token) => token.kind === 'special' && token.text === '<');
  if (open === -1) return readAddrSpec(tokens);
  const last = tokens.at(-1);
  if (last?.kind !== 'special' || last.text !== '>') return undefined;
  return isName(tokens.slice(0, open)) ? readAddrSpec(tokens.slice(open + 1, -1)) : undefined;
}

function readAddrSpec(tokens: readonly Token[]): Mailbox | undefined {
  const at = tokens.findIndex((token) => token.kind === 'special');
  if (at < 1 || tokens.filter((token) => token.kind === 'special').length !== 1) return undefined;
  if (tokens[at]?.text !== '@' || at !== 1 || tokens.length !== 3) return undefined;
  return parseMailbox(tokens.map((token) => token.text).join(''));
}
