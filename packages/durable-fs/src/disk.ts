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
import { placeFile } from './place-file.ts';
import type { PlacedFile, Placement } from './place-file.ts';

/** Puts whole files in their places. */
export interface FilePlacer {
  /** Never rejects. */
  place(file: PlacedFile): Promise<Placement>;
}

/** What every function of this package works on. */
export interface Disk extends FilePlacer {
  readonly fileSystem: FileSystem;
  readonly directories: Directories;
}

/**
 * A disk over a file system, by default the machine's.
 * @param placer puts whole files in place, `createThreadedPlacer` for example; by default the disk itself
 *
 * @example const disk = createDisk(); await replaceFile(disk, 'var/accounts', bytes);
 */
export function createDisk(fileSystem: FileSystem = nodeFileSystem, placer?: FilePlacer): Disk {
  const directories = createDirectories(fileSystem);
  const here = { fileSystem, directories };
  return { ...here, place: (file) => placer?.place(file) ?? placeFile(here, file) };
}
