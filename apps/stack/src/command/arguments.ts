/**
 * Reading a subcommand's arguments, alike for all: options after the manner of parseArgs,
 * `--help`, and wrong use told with the help.
 */
import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';
import { ExitError } from '@posthouse/process';

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
  try {
    const { positionals, values } = parseArgs({
      args: [...argv],
      options: all,
      allowPositionals: true,
    });
    if (values.help !== true) return { values, positionals };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new ExitError('usage', `${text}\n\n${usage}`, error);
  }
  process.stdout.write(`${usage}\n`);
  return undefined;
}

/** A text option's value; absent where it was not given. */
export function textValue(from: Arguments, name: string): string | undefined {
  const value = from.values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The option that names the configuration file, for commands that need one. */
export const CONFIG_OPTION = { config: { type: 'string', short: 'c' } } as const;
