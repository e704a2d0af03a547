#!/usr/bin/env -S node --max-semi-space-size=8 --max-old-space-size=1024
/**
 * The `posthouse` command: finds the subcommand and runs it.
 *
 * Without one it is `up`. Each command loads only what it needs, so that `--help` and short
 * commands start at once. Wrong use ends with 64, and the text says what there is. Called as
 * `sendmail`, `mailq` or `newaliases` (by a link of that name) it is that command.
 */
import { basename } from 'node:path';
import { EXIT, explainStartFailure, readVersion } from '@posthouse/process';
import type { Command } from './command/command.ts';
import { COMMANDS } from './command/commands.ts';

// File syncs and password hashes share these threads (docs/performance.md); read by libuv at first use.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

const SENDMAIL_NAMES: ReadonlySet<string> = new Set(['sendmail', 'mailq', 'newaliases']);

const [first = 'up', ...rest] = process.argv.slice(2);
const version = readVersion(new URL('../package.json', import.meta.url));
process.exitCode = await run();

async function run(): Promise<number> {
  const calledAs = basename(process.argv[1] ?? '');
  if (SENDMAIL_NAMES.has(calledAs)) {
    const { runAs } = await import('./command/sendmail.ts');
    return runAs(calledAs, process.argv.slice(2));
  }
  if (first === '--help' || first === '-h' || first === 'help') return say(help(), EXIT.ok);
  if (first === '--version') return say(version, EXIT.ok);
  // Options without a command belong to `up`, which is what `npm start` calls.
  const name = first.startsWith('-') ? 'up' : first;
  const load = COMMANDS.get(name);
  if (load === undefined) {
    process.stderr.write(`posthouse: there is no command ${name}\n\n${help()}\n`);
    return EXIT.usage;
  }
  // A reader that has seen enough (head, less) ends a command well; an agent's log is its own matter.
  if (name !== 'up') process.stdout.on('error', ignoreClosedPipe);
  try {
    const command: Command = await load.load();
    return await command.run(name === first ? rest : [first, ...rest], { version });
  } catch (error) {
    const { exit, text } = explainStartFailure(error);
    process.stderr.write(`${text}\n`);
    return EXIT[exit];
  }
}

function ignoreClosedPipe(error: Error): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`);
  return code;
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
