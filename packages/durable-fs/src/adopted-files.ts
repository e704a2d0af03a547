/**
 * AdoptedFiles: large files that are written in a staging directory and adopted, once
 * whole, under a name of the caller's.
 *
 * When `adopt` resolves, content and name survive a power cut. Until then the file is
 * nobody's: what a crash leaves in the staging directory is removed by `prepare`. The
 * names are spread over 256 directories by their hash, whatever they look like. A name
 * is used once in its life: adopting over a file replaces it.
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Disk } from './disk.ts';
import { openDurableWriter } from './durable-writer.ts';
import type { DurableWriter } from './durable-writer.ts';
import { DurableFsError } from './error.ts';
import type { DirectoryEntry } from './file-system.ts';
import { removeLeftovers } from './leftovers.ts';
import { unlinkIfThere } from './remove-file.ts';
import { temporaryName } from './temporary-name.ts';
import { publishFile } from './place-file.ts';

export interface AdoptedFilesOptions {
  /** Where files are written. On the same file system as `directory`, and not inside it. */
  readonly stagingDirectory: string;
  /** Where adopted files are. */
  readonly directory: string;
  /** Who stages: no two running processes with one staging directory share it. 1-64 of A-Z a-z 0-9 _ - */
  readonly owner: string;
}

export interface AdoptedFiles {
  /**
   * Makes the directories and removes leftovers: ours all, those of other owners after
   * a day. Before anything is staged. Resolves with the number removed.
   * @throws DurableFsError `unavailable` where the directories are on different file systems
   */
  prepare(now: number): Promise<number>;
  /** Starts a file. @throws DurableFsError */
  stage(): Promise<DurableWriter>;
  /**
   * Finishes a staged file and gives it its name. On failure the file is gone.
   * @throws DurableFsError
   * @throws RangeError for a name that is not one of a plain file
   */
  adopt(staged: DurableWriter, name: string): Promise<void>;
  /** Where the adopted file of this name is, or would be. @throws RangeError as `adopt` */
  pathOf(name: string): string;
  /** Removes without a sync, so that it may be back after a power cut. Resolves with whether there was one. */
  remove(name: string): Promise<boolean>;
  /** The names of all adopted files, in batches and in no order, for the owner's sweep at start. */
  names(): AsyncIterable<readonly string[]>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** @see AdoptedFiles @throws RangeError for an owner that cannot be part of a name */
export function createAdoptedFiles(options: AdoptedFilesOptions, disk: Disk): AdoptedFiles {
  const { stagingDirectory, directory, owner } = options;
  temporaryName(owner); // an unusable owner is refused now, not at the first file

  function pathOf(name: string): string {
    if (!NAME.test(name)) throw new RangeError(`not a usable name of a file: "${name}"`);
    const shard = createHash('sha256').update(name).digest('hex').slice(0, 2);
    return join(directory, shard, name);
  }

  return {
    pathOf,
    async prepare(now) {
      await disk.directories.ensure(stagingDirectory);
      await disk.directories.ensure(directory);
      await assertSameFileSystem(disk, stagingDirectory, directory);
      return removeLeftovers(disk, stagingDirectory, { owner, now });
    },
    stage: () => openDurableWriter(disk, join(stagingDirectory, temporaryName(owner))),
    async adopt(staged, name) {
      const path = pathOf(name);
      await staged.finish();
      try {
        await disk.directories.ensure(dirname(path));
        await publishFile(disk, staged.path, path);
      } catch (error) {
        await staged.discard();
        throw error;
      }
    },
    remove: (name) => unlinkIfThere(disk.fileSystem, pathOf(name)),
    names: () => names(disk, directory),
  };
}

async function assertSameFileSystem(disk: Disk, staging: string, final: string): Promise<void> {
  const from = await disk.fileSystem.stat(staging);
  const to = await disk.fileSystem.stat(final);
  if (from.device === to.device) return;
  const place = { operation: 'prepare', path: staging };
  const reason = `must be on the same file system as ${final}, or nothing can be moved there`;
  throw new DurableFsError('unavailable', place, reason);
}

async function* names(disk: Disk, directory: string): AsyncIterable<readonly string[]> {
  for await (const shards of disk.directories.list(directory)) {
    for (const shard of shards) {
      if (shard.kind !== 'directory') continue;
      yield* filesIn(disk, join(directory, shard.name));
    }
  }
}

async function* filesIn(disk: Disk, shard: string): AsyncIterable<readonly string[]> {
  for await (const batch of disk.directories.list(shard)) {
    const found = batch.filter(isAdopted).map((entry) => entry.name);
    if (found.length > 0) yield found;
  }
}

function isAdopted(entry: DirectoryEntry): boolean {
  return entry.kind === 'file' && NAME.test(entry.name);
}
