/**
 * From the text of a configuration file to a `Configuration`, or to everything that is
 * wrong with it.
 *
 * Never throws and never hangs, whatever the text: the file may be anything. Nothing is
 * read from disk here; whether the named files exist is found out by who uses them.
 */
import { dirname, resolve } from 'node:path';
import { configurationSchema } from './configuration.ts';
import type { Configuration } from './configuration.ts';
import { explainIssues } from './explain.ts';
import type { Problem } from './problem.ts';
import { surroundingsOf } from './surroundings.ts';
import type { Role } from './surroundings.ts';
import { readToml } from './toml.ts';
import { plainValue } from './toml-tree.ts';

export type ConfigurationReading =
  | { readonly kind: 'ok'; readonly configuration: Configuration }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

export interface ReadingOptions {
  /** An agent that runs alone needs more than the stack. @default 'stack' */
  readonly role?: Role | undefined;
}

/**
 * Reads a configuration.
 * @param path of the file that the text is from, which need not exist: paths in it begin beside it
 */
export function readConfiguration(
  text: string,
  path: string,
  options: ReadingOptions = {},
): ConfigurationReading {
  const toml = readToml(text);
  const raw = plainValue(toml.root);
  const around = surroundingsOf(raw, dirname(resolve(path)), options.role ?? 'stack');
  // A schema is used once: compiling its checks would cost more than they do.
  const once = { reportInput: true, jitless: true };
  const result = configurationSchema(around).safeParse(raw, once);
  if (result.success && toml.problems.length === 0) {
    return { kind: 'ok', configuration: deepFreeze(result.data) };
  }
  const { problems, missing } = explainIssues(result.error?.issues ?? [], toml.root);
  // What is missing may stand in a line that could not be read.
  const certain =
    toml.problems.length === 0 ? problems : problems.filter((one) => !missing.has(one));
  return { kind: 'invalid', problems: [...toml.problems, ...certain].toSorted(byPlace) };
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
