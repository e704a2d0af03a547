/** What is done to a file that is being written: all its bytes go in and onto the disk, or it goes. */
import { dirname } from 'node:path';
import type { DirectorySync } from './directory-sync.ts';
import { DurableFsError } from './error.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { removeQuietly } from './remove-file.ts';

export interface WriteOptions {
  /** Permission bits of the file; the umask applies, and Windows has none. @default 0o600 */
  readonly mode?: number;
}

/** What files are written with. */
export interface WritingDisk {
  readonly fileSystem: FileSystem;
  readonly directories: DirectorySync;
}

/**
 * First half of a delivery: writes a file under a name of the caller's, in a place where
 * nobody looks for finished ones (`tmp/`). Its content is on the disk when this resolves,
 * its name is not. `publishFile` is the second half.
 * @throws DurableFsError `exists` where the name is taken
 */
export async function writeNewFile(
  { fileSystem }: { readonly fileSystem: FileSystem },
  path: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const file = await fileSystem.open(path, 'create', options.mode ?? 0o600);
  await finish(fileSystem, file, bytes, () => fileSystem.sync(file));
}

/** The same with its name, which is on the disk as well: two syncs at the same time. */
export async function writeNamedFile(
  { fileSystem, directories }: WritingDisk,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  const file = await fileSystem.open(path, 'create', 0o600);
  await finish(fileSystem, file, bytes, () =>
    both(fileSystem.sync(file), directories.sync(dirname(path))),
  );
}

async function finish(
  fileSystem: FileSystem,
  file: OpenFile,
  bytes: Uint8Array,
  sync: () => Promise<unknown>,
): Promise<void> {
  try {
    await writeAll(fileSystem, file, bytes);
    await sync();
  } catch (error) {
    await abandon(fileSystem, file);
    throw error;
  }
  try {
    await fileSystem.close(file);
  } catch (error) {
    await removeQuietly(fileSystem, file.path);
    throw error;
  }
}

/** Waits for both, whatever becomes of the first: nothing is closed under a sync. */
async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.allSettled([one, other]);
  await one;
  await other;
}

/** Writes all of it, however few bytes each call takes. @throws DurableFsError */
export async function writeAll(
  fileSystem: FileSystem,
  file: OpenFile,
  bytes: Uint8Array,
): Promise<void> {
  let rest = bytes;
  while (rest.byteLength > 0) {
    const count = await fileSystem.write(file, rest);
    if (count === 0) {
      const place = { operation: 'write', path: file.path };
      throw new DurableFsError('unavailable', place, 'no byte was taken');
    }
    rest = rest.subarray(count);
  }
}

/** Closes and removes the file of a write that failed. Never throws. */
export async function abandon(fileSystem: FileSystem, file: OpenFile): Promise<void> {
  await fileSystem.close(file).catch(() => undefined);
  await removeQuietly(fileSystem, file.path);
}
