/**
 * A disk that syncs slowly, for all subjects alike: a small library of our own, compiled here
 * and preloaded into every process of a subject, makes each sync call last longer.
 *
 * A fast disk flatters whoever syncs often; group commit shows where a sync takes time. The
 * delay is compiled in, so one variable of the environment is all that must reach a process;
 * each subject sees to it that it does. The case `syncs` shows that it did.
 */
import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Variables that every process of a subject is started with. */
export type Environment = Readonly<Record<string, string>>;

const run = promisify(execFile);
// From src and from dist it is as far.
const SOURCE: string = resolve(import.meta.dirname, '../../native/slow-sync.c');

/** What makes syncs that much longer; nothing for 0. @throws Error where it cannot be compiled */
export async function slowSyncs(directory: string, delayMs: number): Promise<Environment> {
  if (delayMs === 0) return {};
  const library = join(directory, `slow-sync-${delayMs}.so`);
  const delay = `-DDELAY_US=${delayMs * 1000}`;
  try {
    await run('cc', ['-shared', '-fPIC', '-O2', delay, '-o', library, SOURCE]);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) throw error;
    const text = 'slow syncs need a C compiler: apt-get install gcc libc6-dev';
    throw new Error(text, { cause: error });
  }
  await chmod(library, 0o755);
  return { LD_PRELOAD: library };
}
