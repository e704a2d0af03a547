/**
 * Leftovers: unfinished files of a process that died, known by their temporary names.
 *
 * Our own are removed whatever their age: the caller has just started and owns no
 * unfinished file yet. Anybody else's may still be written, so they go only when they
 * are old. Nothing with another kind of name is touched. Removal is not synced: what
 * comes back after a power cut is found again at the next start.
 */
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { isFault } from './error.ts';
import { unlinkIfThere } from './remove-file.ts';
import { temporaryOwner } from './temporary-name.ts';

export interface LeftoverOptions {
  /** Whose files go at once; nobody's when absent. */
  readonly owner?: string;
  /** The present, in milliseconds since 1970-01-01 UTC. */
  readonly now: number;
  /** From which age the files of others go. @default one day */
  readonly maxAgeMs?: number;
}

const DAY_MS = 86_400_000;

/** Removes the leftovers in a directory. Resolves with their number. @throws DurableFsError */
export async function removeLeftovers(
  disk: Disk,
  directory: string,
  options: LeftoverOptions,
): Promise<number> {
  let removed = 0;
  for await (const batch of disk.directories.list(directory)) {
    for (const { name } of batch) {
      const path = join(directory, name);
      if (!(await isLeftover(disk, path, temporaryOwner(name), options))) continue;
      if (await unlinkIfThere(disk.fileSystem, path)) removed += 1;
    }
  }
  return removed;
}

async function isLeftover(
  disk: Disk,
  path: string,
  owner: string | undefined,
  options: LeftoverOptions,
): Promise<boolean> {
  if (owner === undefined) return false;
  if (owner === options.owner) return true;
  try {
    const { modifiedAt } = await disk.fileSystem.stat(path);
    return options.now - modifiedAt > (options.maxAgeMs ?? DAY_MS);
  } catch (error) {
    if (isFault(error, 'missing')) return false; // finished or removed meanwhile
    throw error;
  }
}
