/**
 * Directories: make them so that they stay, sync them in groups, list them in batches.
 *
 * `ensure` promises that the directory and every directory above it, up to the edge of
 * its file system, have their names on the disk. It trusts no directory merely because
 * it is there: a process that died between mkdir and sync leaves one whose name a power
 * cut takes away. What has been seen durable is remembered, so that the next `ensure`
 * costs one stat.
 */
import { dirname, resolve } from 'node:path';
import { createDirectorySync } from './directory-sync.ts';
import type { DirectorySync } from './directory-sync.ts';
import { DurableFsError, isFault } from './error.ts';
import type { DirectoryEntry, FileStatus, FileSystem } from './file-system.ts';

/** Forgetting one costs a sync, never safety; so the memory is bounded. */
const MAX_REMEMBERED = 20_000;

export interface Directories extends DirectorySync {
  /**
   * Makes the directory and those above it where they are missing, durably.
   * `mode` is for those that are made here. @default 0o700
   * @throws DurableFsError `exists` where a file has the name
   */
  ensure(path: string, mode?: number): Promise<void>;
  /** The names in it, in no order. `batchSize` bounds the memory used. @default 256 */
  list(path: string, batchSize?: number): AsyncIterable<readonly DirectoryEntry[]>;
}

/** @see Directories */
export function createDirectories(fileSystem: FileSystem): Directories {
  const group = createDirectorySync(fileSystem);
  const durable = new Set<string>();

  async function ensure(path: string, mode: number): Promise<void> {
    const found = await existing(fileSystem, path);
    if (found !== undefined && durable.has(path)) return;
    const parent = dirname(path);
    if (found === undefined) {
      await ensure(parent, mode);
      await make(fileSystem, path, mode);
      await group.sync(parent);
    } else if (parent !== path) {
      await confirm(path, found.device, mode);
    }
    remember(path);
  }

  /** Makes sure of the name of a directory that was found, and of all above it up to the mount point. */
  async function confirm(path: string, device: number, mode: number): Promise<void> {
    const parent = dirname(path);
    try {
      const above = await fileSystem.stat(parent);
      if (above.device !== device) return; // a mount point: its name is not on this disk
      await ensure(parent, mode);
      await group.sync(parent);
    } catch (error) {
      // What we may not even look into is not where we made anything.
      if (!isFault(error, 'denied')) throw error;
    }
  }

  function remember(path: string): void {
    const [oldest] = durable;
    if (durable.size >= MAX_REMEMBERED && oldest !== undefined) durable.delete(oldest);
    durable.add(path);
  }

  return {
    sync: (path) => group.sync(path),
    ensure: (path, mode = 0o700) => ensure(resolve(path), mode),
    list: (path, batchSize = 256) => fileSystem.list(path, batchSize),
  };
}

async function existing(fileSystem: FileSystem, path: string): Promise<FileStatus | undefined> {
  try {
    const found = await fileSystem.stat(path);
    if (found.kind === 'directory') return found;
  } catch (error) {
    if (isFault(error, 'missing')) return undefined;
    throw error;
  }
  throw new DurableFsError('exists', { operation: 'mkdir', path }, 'there is a file of this name');
}

async function make(fileSystem: FileSystem, path: string, mode: number): Promise<void> {
  try {
    await fileSystem.mkdir(path, mode);
  } catch (error) {
    if (!isFault(error, 'exists')) throw error; // another caller was first
    await existing(fileSystem, path);
  }
}
