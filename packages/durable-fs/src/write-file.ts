/**
 * Whole files, written so that after a power cut there is the old content or the new,
 * and never a part of one.
 *
 * The order is: write, sync the file, close, give it its name, sync the directory. A
 * function that resolves has done all of it. A function that rejects has removed what
 * it made, as far as the disk still allows; what is left behind all the same has a
 * temporary name (see `removeLeftovers`). A failed sync is final for that file: its
 * bytes may be gone although a second sync would say otherwise, so nothing here
 * ever tries one again. Callers who want to retry write a new file.
 */
import { dirname, join } from 'node:path';
import type { Disk } from './disk.ts';
import { removeQuietly } from './remove-file.ts';
import { temporaryName } from './temporary-name.ts';
import { abandon, writeAll } from './unfinished-file.ts';

export interface WriteOptions {
  /** Permission bits of the file; the umask applies, and Windows has none. @default 0o600 */
  readonly mode?: number;
}

export interface PublishOptions {
  /**
   * Called when publishing failed, before the file is taken away: for those who take the
   * absence of the old name for a sign that it was published. When it rejects, the file
   * stays under the name that it has.
   */
  readonly beforeRemoval?: (() => Promise<void>) | undefined;
}

/** The owner in the temporary names of `replaceFile` and `createFile`. */
const OWNER = 'write';

/**
 * Replaces the file of this name, or makes it. The new file has our mode and owner; a
 * symbolic link is replaced, not followed.
 *
 * When the last step, the sync of the directory, is what failed, readers see the new
 * content, but it may go back to the old at a power cut.
 * @throws DurableFsError
 */
export async function replaceFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), temporaryName(OWNER));
  await writeNewFile(disk, temporary, bytes, options);
  try {
    await disk.fileSystem.rename(temporary, path);
  } catch (error) {
    await removeQuietly(disk.fileSystem, temporary);
    throw error;
  }
  await disk.directories.sync(dirname(path));
}

/**
 * Makes a file whose name must be free; of several who try at once, one succeeds.
 * Nobody sees it before it is whole. Needs a file system with hard links.
 * @throws DurableFsError `exists` where the name is taken
 */
export async function createFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const { fileSystem } = disk;
  const temporary = join(dirname(path), temporaryName(OWNER));
  await writeNewFile(disk, temporary, bytes, options);
  try {
    await fileSystem.link(temporary, path);
  } catch (error) {
    await removeQuietly(fileSystem, temporary);
    throw error;
  }
  await removeQuietly(fileSystem, temporary); // left behind, it is a leftover like any other
  await syncName(disk, path);
}

/**
 * First half of a delivery: writes a file under a name of the caller's, in a place where
 * nobody looks for finished ones (`tmp/`). Its content is on the disk when this resolves,
 * its name is not. `publishFile` is the second half.
 * @throws DurableFsError `exists` where the name is taken
 */
export async function writeNewFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const { fileSystem } = disk;
  const file = await fileSystem.open(path, 'create', options.mode ?? 0o600);
  try {
    await writeAll(fileSystem, file, bytes);
    await fileSystem.sync(file);
  } catch (error) {
    await abandon(fileSystem, file);
    throw error;
  }
  try {
    await fileSystem.close(file);
  } catch (error) {
    await removeQuietly(fileSystem, path);
    throw error;
  }
}

/**
 * Second half of a delivery: gives a file that is written and synced its final name, and
 * syncs the directory of that name. The old name is not synced: after a power cut the
 * file may be there under both. On failure it is removed under both.
 *
 * `to` must be a name that is never used twice: a file that has it is overwritten.
 * @throws DurableFsError `unavailable` where the names are on different file systems
 */
export async function publishFile(
  disk: Disk,
  from: string,
  to: string,
  options: PublishOptions = {},
): Promise<void> {
  try {
    await disk.fileSystem.rename(from, to);
  } catch (error) {
    await withdraw(disk, from, options);
    throw error;
  }
  await syncName(disk, to, options);
}

async function syncName(disk: Disk, path: string, options: PublishOptions = {}): Promise<void> {
  try {
    await disk.directories.sync(dirname(path));
  } catch (error) {
    await withdraw(disk, path, options);
    throw error;
  }
}

/** For the way out of a failure that is reported already, like `removeQuietly`. */
async function withdraw(disk: Disk, path: string, options: PublishOptions): Promise<void> {
  try {
    await options.beforeRemoval?.();
  } catch {
    return;
  }
  await removeQuietly(disk.fileSystem, path);
}
