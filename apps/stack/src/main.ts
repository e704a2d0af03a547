#!/usr/bin/env -S node --max-semi-space-size=16 --no-parallel-scavenge --max-old-space-size=1024
/**
 * The `posthouse` command. Called as `sendmail`, `mailq` or `newaliases` (by a link of that
 * name) it is that command.
 *
 * Each command loads only what it needs, so that `--help` and short commands start at once.
 */
import { basename } from 'node:path';
import { readVersion } from '@posthouse/process';
import { commandOf, runCommand } from './command/run-command.ts';

// File syncs and password hashes share these threads (docs/performance.md); read by libuv at first use.
process.env['UV_THREADPOOL_SIZE'] ??= '32';

const SENDMAIL_NAMES: ReadonlySet<string> = new Set(['sendmail', 'mailq', 'newaliases']);

process.exitCode = await run(process.argv.slice(2));

async function run(words: readonly string[]): Promise<number> {
  const calledAs = basename(process.argv[1] ?? '');
  if (SENDMAIL_NAMES.has(calledAs)) {
    const { runAs } = await import('./command/sendmail.ts');
    return runAs(calledAs, words);
  }
  // A reader that has seen enough (head, less) ends a command well; an agent's log is its own matter.
  if (commandOf(words) !== 'up') process.stdout.on('error', ignoreClosedPipe);
  return runCommand(words, { version: readVersion(new URL('../package.json', import.meta.url)) });
}

function ignoreClosedPipe(error: Error): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
}
