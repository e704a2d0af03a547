/** Files that survive a power cut. See README.md; decision 0004 says why it is as it is. */
export { createAdoptedFiles } from './adopted-files.ts';
export type { AdoptedFiles, AdoptedFilesOptions } from './adopted-files.ts';
export type { Directories } from './directories.ts';
export { createDirectorySync } from './directory-sync.ts';
export type { DirectorySync } from './directory-sync.ts';
export { createDisk } from './disk.ts';
export type { Disk, FilePlacer } from './disk.ts';
export { openDurableWriter } from './durable-writer.ts';
export type { DurableWriter } from './durable-writer.ts';
export { DurableFsError, durableFsErrorFrom, isFault } from './error.ts';
export type { DurableFsErrorKind, FaultPlace } from './error.ts';
export type {
  DirectoryEntry,
  EntryKind,
  FileAccess,
  FileStatus,
  FileSystem,
  FileSystemSpace,
  OpenFile,
} from './file-system.ts';
export { freeBytes } from './free-space.ts';
export { removeLeftovers } from './leftovers.ts';
export type { LeftoverOptions } from './leftovers.ts';
export { nodeFileSystem } from './node-file-system.ts';
export { publishFile } from './place-file.ts';
export type { Note, PlacedFile, Placement } from './place-file.ts';
export { quarantine } from './quarantine.ts';
export { readFile, readRange } from './read-file.ts';
export { removeFile, unlinkIfThere } from './remove-file.ts';
export { temporaryName } from './temporary-name.ts';
export { createThreadedPlacer } from './threaded-placer.ts';
export type { ThreadedPlacer } from './threaded-placer.ts';
export { writeNewFile } from './unfinished-file.ts';
export type { WriteOptions } from './unfinished-file.ts';
export { createFile, replaceFile } from './write-file.ts';
