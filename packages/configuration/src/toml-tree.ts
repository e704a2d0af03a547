/**
 * A TOML document as values with places: what zod is to check, and where each part of it
 * stands, so that a mistake can be shown.
 *
 * Keys that programs stumble over (`__proto__`) and nesting without end are reported
 * and left out; everything else is as TOML means it.
 *
 * https://toml.io/en/v1.0.0
 */
import type { AST } from 'toml-eslint-parser';
import type { KeyPath } from './problem.ts';

/** Line and column, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A key and what it stands for. */
export interface TomlEntry {
  /** Where the key stands first. */
  readonly key: Place;
  node: TomlNode;
}

export type TomlNode =
  | { readonly kind: 'table'; readonly entries: Map<string, TomlEntry>; readonly place: Place }
  | { readonly kind: 'array'; readonly items: TomlNode[]; readonly place: Place }
  | { readonly kind: 'scalar'; readonly value: unknown; readonly place: Place };

export type TomlTable = Extract<TomlNode, { kind: 'table' }>;

/** A key that cannot be taken in. */
export interface Refused {
  readonly place: Place;
  readonly path: KeyPath;
  readonly reason: 'forbidden' | 'too-deep';
}

export interface TomlTree {
  readonly root: TomlTable;
  readonly refused: readonly Refused[];
}

/** Far more than the schema has. */
const MAX_DEPTH = 16;

type Key = AST.TOMLBare | AST.TOMLQuoted;

/** Builds the tree of a parsed document. */
export function buildTree(program: AST.TOMLProgram): TomlTree {
  const refused: Refused[] = [];
  const root = tableAt({ line: 1, column: 1 });
  for (const item of program.body[0].body) {
    if (item.type === 'TOMLKeyValue') {
      assign({ table: root, path: [], refused }, item);
      continue;
    }
    const opened = open(root, item, refused);
    const pairs = opened === undefined ? [] : item.body;
    for (const pair of pairs) if (opened !== undefined) assign(opened, pair);
  }
  return { root, refused };
}

/** Where the value of this path stands, or of the nearest above it that is there. */
export function placeOfValue(root: TomlNode, path: KeyPath): Place {
  let node = root;
  for (const step of path) {
    const next = childOf(node, step);
    if (next === undefined) break;
    node = next;
  }
  return node.place;
}

/** Whether the file has a value of this path. */
export function isThere(root: TomlNode, path: KeyPath): boolean {
  let node: TomlNode | undefined = root;
  for (const step of path) node = node === undefined ? undefined : childOf(node, step);
  return node !== undefined;
}

/** Where the key stands that ends this path, or else the value above it. */
export function placeOfKey(root: TomlNode, path: KeyPath): Place {
  const above = path.slice(0, -1);
  const last = path.at(-1);
  let node: TomlNode | undefined = root;
  for (const step of above) node = node === undefined ? undefined : childOf(node, step);
  const entry =
    node?.kind === 'table' && typeof last === 'string' ? node.entries.get(last) : undefined;
  return entry?.key ?? placeOfValue(root, path);
}

/** The values alone, in objects without a prototype. */
export function plainValue(node: TomlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'array':
      return node.items.map(plainValue);
    case 'table': {
      const plain = Object.create(null) as Record<string, unknown>; // made here, empty
      for (const [key, entry] of node.entries) plain[key] = plainValue(entry.node);
      return plain;
    }
  }
}

/** A table on the way, and what leads to it. */
interface Position {
  readonly table: TomlTable;
  readonly path: KeyPath;
  readonly refused: Refused[];
}

function assign(at: Position, pair: AST.TOMLKeyValue): void {
  const keys = pair.key.keys;
  const holder = descend(at, keys.slice(0, -1));
  const last = keys.at(-1);
  if (holder === undefined || last === undefined || !admits(holder, last)) return;
  const path = [...holder.path, keyText(last)];
  const node = convert(pair.value, path, at.refused);
  if (node !== undefined) holder.table.entries.set(keyText(last), { key: placeOf(last), node });
}

function convert(
  node: AST.TOMLContentNode,
  path: KeyPath,
  refused: Refused[],
): TomlNode | undefined {
  const place = placeOf(node);
  if (path.length > MAX_DEPTH) {
    refused.push({ place, path, reason: 'too-deep' });
    return undefined;
  }
  if (node.type === 'TOMLValue') return { kind: 'scalar', value: node.value, place };
  if (node.type === 'TOMLArray') {
    const items = node.elements.map((element, i) => convert(element, [...path, i], refused));
    return { kind: 'array', items: items.filter((item) => item !== undefined), place };
  }
  const table = tableAt(place);
  for (const pair of node.body) assign({ table, path, refused }, pair);
  return table;
}

/** The table that these keys lead to, made where it is missing; of an array, its last table. */
function descend(from: Position, keys: readonly Key[]): Position | undefined {
  let at = from;
  for (const key of keys) {
    if (!admits(at, key)) return undefined;
    const name = keyText(key);
    const node = at.table.entries.get(name)?.node ?? tableAt(placeOf(key));
    if (!at.table.entries.has(name)) at.table.entries.set(name, { key: placeOf(key), node });
    const table = node.kind === 'array' ? node.items.at(-1) : node;
    if (table?.kind !== 'table') return undefined; // the parser has refused this before
    at = { table, path: [...at.path, name], refused: from.refused };
  }
  return at;
}

/** The table of a `[header]`, or a new one at the end of the array of a `[[header]]`. */
function open(root: TomlTable, header: AST.TOMLTable, refused: Refused[]): Position | undefined {
  const { keys } = header.key;
  const top: Position = { table: root, path: [], refused };
  if (header.kind === 'standard') return descend(top, keys);
  const holder = descend(top, keys.slice(0, -1));
  const last = keys.at(-1);
  if (holder === undefined || last === undefined || !admits(holder, last)) return undefined;
  const place = placeOf(last);
  const table = tableAt(place);
  const known = holder.table.entries.get(keyText(last))?.node;
  if (known?.kind === 'array') known.items.push(table);
  else {
    const node: TomlNode = { kind: 'array', items: [table], place };
    holder.table.entries.set(keyText(last), { key: place, node });
  }
  return { table, path: [...holder.path, keyText(last)], refused };
}

function admits(at: Position, key: Key): boolean {
  const forbidden = keyText(key) === '__proto__';
  if (!forbidden && at.path.length < MAX_DEPTH) return true;
  const path = [...at.path, keyText(key)];
  at.refused.push({ place: placeOf(key), path, reason: forbidden ? 'forbidden' : 'too-deep' });
  return false;
}

function childOf(node: TomlNode, step: string | number): TomlNode | undefined {
  if (node.kind === 'table') return node.entries.get(String(step))?.node;
  return node.kind === 'array' && typeof step === 'number' ? node.items[step] : undefined;
}

function tableAt(place: Place): TomlTable {
  return { kind: 'table', entries: new Map(), place };
}

function keyText(key: Key): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

function placeOf(node: { readonly loc: AST.SourceLocation }): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
