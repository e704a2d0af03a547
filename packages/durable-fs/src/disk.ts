/**
 * Disk: a file system with the one grouping of directory syncs that goes with it.
 *
 * Make one per process (or worker thread) and hand it to all who write files there:
 * callers with a disk each would sync the same directory apart.
 */
import { createDirectories } from './directories.ts';
import type { Directories } from './directories.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';

/** What every function of this package works on. */
export interface Disk {
  readonly fileSystem: FileSystem;
  readonly directories: Directories;
}

/**
 * A disk over a file system, by default the machine's.
 *
 * @example const disk = createDisk(); await replaceFile(disk, 'var/accounts', bytes);
 */
export function createDisk(fileSystem: FileSystem = nodeFileSystem): Disk {
  return { fileSystem, directories: createDirectories(fileSystem) };
}
