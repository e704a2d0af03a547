/**
 * One walker in a user's directory at a time, so that the stack and `sendmail -q` do not hand
 * the same message on twice.
 *
 * The lock is a file; its holder touches it before each message. One that nobody touched for
 * longer than a message may take is left over from a process that died.
 */
import { open, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Longer than one message may take (see `hand-on.ts`). */
const STALE_MS = 20 * 60_000;

export interface WalkLock {
  /** Says that the walk goes on. */
  touch(now: number): Promise<void>;
  release(): Promise<void>;
}

/** `undefined` where somebody else walks, or where we may not. */
export async function lockDirectory(directory: string, now: number): Promise<WalkLock | undefined> {
  const path = join(directory, 'walk.lock');
  if (!(await make(path))) {
    const status = await stat(path).catch(() => undefined);
    if (status === undefined || now - status.mtimeMs < STALE_MS) return undefined;
    await rm(path, { force: true });
    if (!(await make(path))) return undefined;
  }
  return {
    touch: async (at) => utimes(path, at / 1000, at / 1000),
    release: async () => rm(path, { force: true }).catch(() => undefined),
  };
}

async function make(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.close();
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST' || code === 'EACCES' || code === 'EPERM') return false;
    throw error;
  }
}
