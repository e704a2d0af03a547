/**
 * From what the schema finds wrong to what a person reads: the place, plain words and a
 * fix with an example.
 *
 * One mistake is told once: a key that is missing because it is misspelt is told as the
 * misspelling.
 */
import type { z } from 'zod';
import { lookUp, sectionsWith } from './json-schema.ts';
import { nearest } from './nearest.ts';
import { formatKey } from './problem.ts';
import type { KeyPath, Problem } from './problem.ts';
import { isThere, placeOfKey, placeOfValue } from './toml-tree.ts';
import type { TomlTable } from './toml-tree.ts';
import { tomlKey, tomlText } from './toml-text.ts';

type Issue = z.core.$ZodIssue;

/** A problem with what decides whether it is told. */
interface Finding extends Problem {
  /** Of a missing key: where it should stand. */
  readonly missing?: string;
  /** Of an unknown key: where the key stands that was most likely meant. */
  readonly meant?: string;
}

export interface Explained {
  readonly problems: readonly Problem[];
  /** Those among the problems that say that something is missing. */
  readonly missing: ReadonlySet<Problem>;
}

/** Explains the schema's issues about a tree, in the order of the file. */
export function explainIssues(issues: readonly Issue[], root: TomlTable): Explained {
  const findings = issues.flatMap((issue) => explain(issue, [], root));
  const meant = new Set(findings.map((finding) => finding.meant));
  const told = findings.filter(({ missing }) => missing === undefined || !meant.has(missing));
  const problems = new Map(told.map((finding) => [finding, problemOf(finding)]));
  return {
    problems: [...problems.values()].toSorted((a, b) => a.line - b.line || a.column - b.column),
    missing: new Set(
      [...problems]
        .filter(([finding]) => finding.missing !== undefined)
        .map(([, problem]) => problem),
    ),
  };
}

function problemOf({ line, column, key, text, fix }: Finding): Problem {
  return { line, column, key, text, fix };
}

/** @param above the path that the issue's path begins at */
function explain(issue: Issue, above: KeyPath, root: TomlTable): readonly Finding[] {
  const path: KeyPath = [...above, ...(issue.path as KeyPath)]; // TOML has no symbols
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], root));
    case 'invalid_union':
      return explainUnion(issue, path, root);
    case 'invalid_key': {
      const [inner] = issue.issues;
      const text = `${JSON.stringify(path.at(-1))} ${inner?.message ?? 'is no key'}`;
      const [example] = Object.keys(lookUp(path.slice(0, -1)).example ?? {});
      const fix = example === undefined ? 'Write another key' : `For example: ${tomlKey(example)}`;
      return [{ ...placeOfKey(root, path), key: formatKey(path), text, fix }];
    }
    case 'custom':
      return [explainCustom(issue, path, root)];
    case 'invalid_type':
      if (issue.input === undefined) {
        const key = String(path.at(-1));
        const line = `${tomlKey(key)} = ${tomlText(lookUp(path).example ?? '...')}`;
        return [missingKey(path, root, `\`${key}\` is missing`, line)];
      }
      return [wrongValue(path, root, `${shown(issue.input)} is not ${typeName(issue.expected)}`)];
    case 'invalid_value':
      return [wrongChoice(issue, path, root)];
    case 'too_small':
      if (issue.origin === 'array') {
        return [wrongValue(path, root, `The list needs ${issue.minimum} or more`)];
      }
      return [
        wrongValue(path, root, `${shown(issue.input)} is too small: at least ${issue.minimum}`),
      ];
    case 'too_big':
      return [
        wrongValue(path, root, `${shown(issue.input)} is too large: at most ${issue.maximum}`),
      ];
    case 'invalid_format':
    case 'invalid_element':
    case 'not_multiple_of':
      return [wrongValue(path, root, `${shown(issue.input)} cannot stand here`)];
  }
}

/** Of several forms that a value may have, tells of the one that was meant. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: KeyPath,
  root: TomlTable,
): readonly Finding[] {
  const meant = issue.errors.filter(
    (branch) => !branch.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0),
  );
  const branch = meant.at(-1);
  if (branch !== undefined) return branch.flatMap((inner) => explain(inner, path, root));
  const types = issue.errors.flatMap((inner) =>
    inner.map((one) => (one.code === 'invalid_type' ? typeName(one.expected) : 'something else')),
  );
  const expected = [...new Set(types)].join(' or ');
  return [wrongValue(path, root, `${shown(issue.input)} is not ${expected}`)];
}

function explainCustom(issue: z.core.$ZodIssueCustom, path: KeyPath, root: TomlTable): Finding {
  const { fix, line } = issue.params ?? {};
  if (typeof line === 'string') return missingKey(path, root, issue.message, line);
  if (typeof fix !== 'string') {
    return wrongValue(path, root, `${shown(issue.input)} ${issue.message}`);
  }
  return { ...placeOfValue(root, path), key: formatKey(path), text: issue.message, fix };
}

/** @param line the line to add */
function missingKey(path: KeyPath, root: TomlTable, text: string, line: string): Finding {
  const above = path.slice(0, -1);
  const fix = isThere(root, above) ? `Add ${line}` : `Add [${formatKey(above)}] with ${line}`;
  const key = formatKey(path);
  return { ...placeOfValue(root, above), key, text, fix, missing: key };
}

function wrongValue(path: KeyPath, root: TomlTable, text: string): Finding {
  return { ...placeOfValue(root, path), key: formatKey(path), text, fix: exampleFor(path) };
}

function wrongChoice(issue: z.core.$ZodIssueInvalidValue, path: KeyPath, root: TomlTable): Finding {
  const values = issue.values.map(String);
  const meant = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
  const choices = values.map((value) => JSON.stringify(value)).join(', ');
  const fix =
    meant === undefined ? `Write one of ${choices}` : `Did you mean ${JSON.stringify(meant)}?`;
  const text = `${shown(issue.input)} is none of ${choices}`;
  return { ...placeOfValue(root, path), key: formatKey(path), text, fix };
}

function unknownKey(path: KeyPath, root: TomlTable): Finding {
  const above = path.slice(0, -1);
  const key = String(path.at(-1));
  const known = lookUp(above).keys;
  const meant = nearest(key, known);
  const finding = {
    ...placeOfKey(root, path),
    key: formatKey(path),
    text: `Unknown key \`${key}\``,
  };
  if (/^(?:pass|secret|token)/i.test(key) && known.includes('password_file')) {
    const fix = 'Secrets do not stand here: put it into a file and write password_file = "path"';
    return { ...finding, fix, meant: formatKey([...above, 'password_file']) };
  }
  if (meant !== undefined) {
    return { ...finding, fix: `Did you mean \`${meant}\`?`, meant: formatKey([...above, meant]) };
  }
  const elsewhere = sectionsWith(key).map((section) => `[${section}]`);
  if (elsewhere.length > 0) return { ...finding, fix: `It belongs into ${elsewhere.join(' or ')}` };
  return { ...finding, fix: `Remove it. Known here: ${known.join(', ')}` };
}

/** A line that would be right; of a list's item, the whole list. */
function exampleFor(path: KeyPath): string {
  const whole = path.findLastIndex((step) => typeof step === 'string');
  const above = path.slice(0, whole + 1);
  const example = lookUp(above).example ?? lookUp(path).example;
  const text = tomlText(example);
  if (text === '{}') return `Write [${formatKey(above)}] on a line of its own, and its keys below`;
  return `For example: ${tomlKey(String(path[whole]))} = ${text}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text in quotes',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list in [ ]',
  object: 'a table',
  record: 'a table',
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

/** A value for a message: short, and on one line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object' && value !== null) return 'a table';
  const text = tomlText(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
