/** Problem: one mistake in a configuration file, with its place and its cure. */
import { tomlKey } from './toml-text.ts';

/** Plain data, for people and programs. */
export interface Problem {
  /** Counted from 1. Of a missing key: the line of the table that lacks it. */
  readonly line: number;
  /** Counted from 1, in characters. */
  readonly column: number;
  /** Dotted, for example `relay.outbound`; empty where the text is no TOML. */
  readonly key: string;
  /** What is wrong. */
  readonly text: string;
  /** What to write instead. */
  readonly fix: string;
}

/** Steps from the top of the file to a value. */
export type KeyPath = readonly (string | number)[];

/** `relay.routes."example.com"`, as TOML would write it. */
export function formatKey(path: KeyPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${tomlKey(step)}`;
  }
  return text;
}
