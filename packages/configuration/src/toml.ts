/**
 * Reading TOML text: a tree of values with their places, and every syntax error that can
 * be told apart.
 *
 * The parser stops at its first error. Where that is in a line of `key = value`, the line
 * is left out and the rest read again, so that a person sees ten mistakes at once and not
 * one at a time. A broken table header ends that: what follows would be blamed wrongly.
 * Never throws, whatever the text.
 */
// oxlint-disable-next-line typescript/triple-slash-reference -- types that a dependency forgot; an ambient module has no other way in
/// <reference path="./eslint-types.d.ts" />
import { ParseError, parseTOML } from 'toml-eslint-parser';
import type { Problem } from './problem.ts';
import { formatKey } from './problem.ts';
import { explainSyntax } from './syntax.ts';
import { buildTree } from './toml-tree.ts';
import type { Refused, TomlTable } from './toml-tree.ts';

/** What was read. Where `problems` has syntax errors, `root` lacks the lines they stand in. */
export interface TomlReading {
  readonly root: TomlTable;
  readonly problems: readonly Problem[];
}

const MAX_CHARACTERS = 1_000_000;
const MAX_SYNTAX_PROBLEMS = 20;
/** With the colon of other formats, too. */
const KEY_VALUE = /^\s*[\w."'-]+\s*[=:]/;
const OPEN_HEADER = /^\s*\[[^\]]*$/;
const EMPTY: TomlTable = { kind: 'table', entries: new Map(), place: { line: 1, column: 1 } };

export function readToml(text: string): TomlReading {
  if (text.length > MAX_CHARACTERS) {
    const fix = `Keep it under ${MAX_CHARACTERS} characters`;
    const problem = { line: 1, column: 1, key: '', text: 'The file is too large', fix };
    return { root: EMPTY, problems: [problem] };
  }
  const lines = withoutMark(text).split('\n');
  const problems: Problem[] = [];
  while (problems.length < MAX_SYNTAX_PROBLEMS) {
    const attempt = parse(lines);
    if (!('line' in attempt)) {
      return { root: attempt.root, problems: [...problems, ...attempt.problems] };
    }
    const last = problems.at(-1);
    if (last !== undefined && attempt.line <= last.line) break; // an echo of what was left out
    problems.push(attempt);
    const line = lines[attempt.line - 1] ?? '';
    if (!KEY_VALUE.test(line)) break;
    lines[attempt.line - 1] = '';
  }
  return { root: EMPTY, problems };
}

function parse(lines: readonly string[]): TomlReading | Problem {
  try {
    const { root, refused } = buildTree(parseTOML(lines.join('\n'), { tomlVersion: '1.0' }));
    return { root, problems: refused.map(refusal) };
  } catch (error) {
    if (error instanceof ParseError) return syntaxProblem(error, lines);
    // A stack that overflowed: nested brackets without end.
    const reason = error instanceof RangeError ? 'nested too deeply' : 'not readable';
    return { line: 1, column: 1, key: '', text: `The file is ${reason}`, fix: 'Simplify it' };
  }
}

function syntaxProblem(error: ParseError, lines: readonly string[]): Problem {
  const { lineNumber: line, column, message } = error;
  const before = lines[line - 2] ?? '';
  // An open header is noticed by the parser only when the next line begins.
  if (column <= 1 && OPEN_HEADER.test(before)) {
    const explained = explainSyntax(message, before);
    return { line: line - 1, column: before.length + 1, key: '', ...explained };
  }
  return { line, column: column + 1, key: '', ...explainSyntax(message, lines[line - 1] ?? '') };
}

function refusal({ place, path, reason }: Refused): Problem {
  const text = reason === 'forbidden' ? 'No key may have this name' : 'Nested too deeply';
  return { ...place, key: formatKey(path), text, fix: 'Remove it' };
}

/** Windows editors begin a file with a byte order mark. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
