/**
 * Real programs: whether they are here, and what they say when they run.
 *
 * A suite that needs one is skipped where it is missing, with its name in the report; with
 * POSTHOUSE_INTEROP=required, as in the gate, that is a failure. A program is ended with the test
 * that waits for it, by its own handle.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { env, getuid } from 'node:process';
import { text } from 'node:stream/consumers';
import { describe } from 'vitest';

/** A program and how it is called. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** What it reads. @default nothing */
  readonly input?: string;
  /** Beside the environment of the tests. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How it ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly output: string;
  /** Output and errors, as on a terminal. */
  readonly screen: string;
}

/** Runs a program in a directory to its end. @throws where it cannot be started */
export async function run(command: Command, directory: string): Promise<Ending> {
  const child = spawn(command.program, command.args, {
    cwd: directory,
    // No settings of whoever runs the tests.
    env: { ...env, HOME: directory, LC_ALL: 'C.UTF-8', ...command.environment },
    timeout: 120_000,
  });
  child.stdin.on('error', () => {}); // who does not read is not told
  child.stdin.end(command.input);
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [output, errors, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exit,
  ]);
  return { exitCode, output, screen: `${output}${errors}` };
}

/** Runs a program that must not fail, and gives its output. @throws what it said, where it fails */
export async function mustRun(command: Command, directory: string): Promise<string> {
  const { exitCode, output, screen } = await run(command, directory);
  if (exitCode === 0) return output;
  throw new Error(`${command.program} failed (${exitCode}): ${screen}`);
}

/**
 * A suite that needs programs (names, or paths of their files), or `root`.
 * @throws where one is missing that must not be
 */
export function describeWith(needs: readonly string[], name: string, suite: () => void): void {
  const missing = needs.filter((need) => !isHere(need));
  if (missing.length > 0 && env['POSTHOUSE_INTEROP'] === 'required') {
    throw new Error(`${name} needs ${missing.join(', ')}: see scripts/ci/interop.mjs`);
  }
  const note = missing.length === 0 ? '' : ` (missing here: ${missing.join(', ')})`;
  describe.skipIf(missing.length > 0)(`${name}${note}`, suite);
}

function isHere(need: string): boolean {
  if (need === 'root') return getuid?.() === 0;
  if (isAbsolute(need)) return isReadable(need);
  // Debian keeps servers and their tools where only root looks.
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => isReadable(join(folder, need)));
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
