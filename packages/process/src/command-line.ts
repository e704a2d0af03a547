/**
 * The command line of an agent: --config, --check, --help, --version and what the agent
 * adds. Pure; a wrong option is told with what there is.
 */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { DEFAULT_FILE, FILE_VARIABLE } from './configuration-file.ts';
import { repeatedOption } from './repeated-option.ts';

/** An option that an agent adds. */
export interface AgentOption {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** In the help, in a few words. */
  readonly description: string;
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** To run, or with `checkOnly` to see whether it could. */
export interface RunLine {
  readonly kind: 'run';
  readonly checkOnly: boolean;
  readonly config?: string;
  readonly values: OptionValues;
}

/** What a command line asks for. */
export type CommandLine =
  | RunLine
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'wrong'; readonly text: string };

const COMMON: Readonly<Record<string, AgentOption>> = {
  config: {
    type: 'string',
    short: 'c',
    description: `configuration file; else $${FILE_VARIABLE}, else ./${DEFAULT_FILE} if it is there`,
  },
  check: { type: 'boolean', description: 'check the configuration and end' },
  help: { type: 'boolean', short: 'h', description: 'show this text' },
  version: { type: 'boolean', description: 'show the version' },
};

export function readCommandLine(
  argv: readonly string[],
  added: Readonly<Record<string, AgentOption>> = {},
): CommandLine {
  let values: OptionValues;
  try {
    const options: NonNullable<ParseArgsConfig['options']> = {};
    for (const [name, { type, short }] of Object.entries({ ...added, ...COMMON })) {
      options[name] = short === undefined ? { type } : { type, short };
    }
    const parsed = parseArgs({ args: [...argv], options, strict: true, tokens: true });
    const twice = repeatedOption(parsed.tokens, options);
    if (twice !== undefined) return { kind: 'wrong', text: twice };
    values = parsed.values as OptionValues; // without `multiple` no option has a list for a value
  } catch (error) {
    return { kind: 'wrong', text: error instanceof Error ? error.message : String(error) };
  }
  const { config, check, help, version, ...others } = values;
  if (help === true) return { kind: 'help' };
  if (version === true) return { kind: 'version' };
  const run: RunLine = { kind: 'run', checkOnly: check === true, values: others };
  return typeof config === 'string' ? { ...run, config } : run;
}

/** The help: what the agent says of itself, and its options. */
export function helpText(usage: string, added: Readonly<Record<string, AgentOption>> = {}): string {
  const rows = Object.entries({ ...added, ...COMMON }).map(([name, option]): [string, string] => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `;
    return [`${short}--${name}${option.type === 'string' ? ' <value>' : ''}`, option.description];
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return `${usage.trimEnd()}\n\nOptions:\n${lines.join('\n')}\n`;
}
