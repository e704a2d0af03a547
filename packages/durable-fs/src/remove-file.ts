/**
 * Taking files away: durably, if they are there, or as far as it goes.
 *
 * A file that was removed without a sync of its directory may be back after a power cut.
 */
import { dirname } from 'node:path';
import type { Disk } from './disk.ts';
import { isFault } from './error.ts';
import type { FileSystem } from './file-system.ts';

/** Takes a file away, durably. Resolves with whether there was one. @throws DurableFsError */
export async function removeFile(disk: Disk, path: string): Promise<boolean> {
  const removed = await unlinkIfThere(disk.fileSystem, path);
  if (removed) await disk.directories.sync(dirname(path));
  return removed;
}

/** Takes a file away without a sync. Resolves with whether there was one. */
export async function unlinkIfThere(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.unlink(path);
    return true;
  } catch (error) {
    if (isFault(error, 'missing')) return false;
    throw error;
  }
}

/** For the way out of a failure that is reported already: one more fault adds nothing. */
export async function removeQuietly(fileSystem: FileSystem, path: string): Promise<void> {
  await fileSystem.unlink(path).catch(() => undefined);
}
