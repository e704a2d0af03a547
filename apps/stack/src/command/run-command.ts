/**
 * From words to the exit code: finds the subcommand, runs it, and explains what went wrong.
 *
 * Without a command it is `up`. Never throws: wrong use ends with 64, and the text says what
 * there is.
 */
import { EXIT, explainStartFailure } from '@posthouse/process';
import type { CommandContext } from './command.ts';
import { COMMANDS } from './commands.ts';

/** @returns the exit code */
export async function runCommand(
  words: readonly string[],
  context: CommandContext,
): Promise<number> {
  const [first = '', second] = words;
  if (first === '--version') return say(context.version);
  if (first === '--help' || first === '-h' || first === 'help') {
    return second === undefined ? say(help()) : run(second, ['--help'], context);
  }
  const name = commandOf(words);
  return run(name, name === first ? words.slice(1) : words, context);
}

/** Which command is meant: options without one belong to `up`, which is what `npm start` calls. */
export function commandOf([first = 'up']: readonly string[]): string {
  return first.startsWith('-') ? 'up' : first;
}

async function run(
  name: string,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const entry = COMMANDS.get(name);
  if (entry === undefined) {
    process.stderr.write(`posthouse: there is no command ${name}\n\n${help()}\n`);
    return EXIT.usage;
  }
  try {
    const command = await entry.load();
    return await command.run(argv, context);
  } catch (error) {
    const { exit, text } = explainStartFailure(error);
    process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
    return EXIT[exit];
  }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return EXIT.ok;
}

function help(): string {
  const width = Math.max(...[...COMMANDS.keys()].map((name) => name.length));
  const rows = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(width)} ${summary}`);
  return `Usage: posthouse <command> [options]

A mail system: submission, relay with a durable queue, and Maildir delivery.

${rows.join('\n')}

posthouse <command> --help says more. Configuration: posthouse.toml in this directory, or
--config FILE; without one a demo runs in ./var.`;
}
