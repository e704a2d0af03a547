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
import { writeNewFile } from './unfinished-file.ts';
import type { WriteOptions } from './unfinished-file.ts';

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

async function syncName(disk: Disk, path: string): Promise<void> {
  try {
    await disk.directories.sync(dirname(path));
  } catch (error) {
    await removeQuietly(disk.fileSystem, path);
    throw error;
  }
}
