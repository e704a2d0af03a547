/**
 * Reading a subcommand's arguments, alike for all: options after the manner of parseArgs, and
 * `--help`. Nothing is left out of account in silence: what would have no effect is wrong use.
 */
import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';
import { ExitError, repeatedOption } from '@posthouse/process';

/** What was given. */
export interface Arguments {
  readonly values: Readonly<
    Record<string, string | boolean | readonly (string | boolean)[] | undefined>
  >;
  readonly positionals: readonly string[];
}

/**
 * `undefined`: the help was asked for, and has been shown.
 * @throws ExitError `usage`
 */
export function readArguments(
  argv: readonly string[],
  usage: string,
  options: ParseArgsOptionsConfig = {},
): Arguments | undefined {
  const all = { ...options, help: { type: 'boolean', short: 'h' } } as const;
  const { positionals, tokens, values } = parsed(argv, usage, all);
  if (values['help'] === true) {
    process.stdout.write(`${usage}\n`);
    return undefined;
  }
  const twice = repeatedOption(tokens, options);
  if (twice !== undefined) throw wrongUse(twice, usage);
  return { values, positionals };
}

function parsed(argv: readonly string[], usage: string, options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, tokens: true });
  } catch (error) {
    throw wrongUse(error instanceof Error ? error.message : String(error), usage);
  }
}

/** Wrong use: what is wrong in a line, then how the help begins. */
export function wrongUse(text: string, usage: string): ExitError {
  const [head = usage] = usage.split('\n\n');
  return new ExitError('usage', `${text}\n\n${head}\n--help says more.`);
}

/** What stands at the one place of a command, by its name in the help. @throws ExitError `usage` */
export function onlyWord(words: readonly string[], name: string, usage: string): string {
  const [word, ...more] = words;
  if (word === undefined) throw wrongUse(`${name} is missing`, usage);
  expectNoMore(more, usage);
  return word;
}

/** @throws ExitError `usage` */
export function expectNoMore(words: readonly string[], usage: string): void {
  if (words.length > 0) throw wrongUse(`One word too many: ${words.join(' ')}`, usage);
}

/** The first of some options that was given. */
export function firstGiven(from: Arguments, names: readonly string[]): string | undefined {
  return names.find((name) => from.values[name] !== undefined);
}

/** A text option's value; absent where it was not given. */
export function textValue(from: Arguments, name: string): string | undefined {
  const value = from.values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The option that names the configuration file, for commands that need one. */
export const CONFIG_OPTION = { config: { type: 'string', short: 'c' } } as const;
