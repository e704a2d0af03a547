/**
 * A whole file, put where readers look for it, in one call.
 *
 * The order: write, sync the file, close, write the note, give the final name, and sync a
 * directory: that of the final name after all else, or that of the unfinished one beside the
 * file (`lastsAs`). Nothing is taken back here once the content is on the disk: the caller
 * hears how far it came, and what is left to take away (`Placement`). It never rejects, and
 * a failed sync is final for its file, as everywhere in this package.
 */
import { dirname } from 'node:path';
import type { OpenFile } from './file-system.ts';
import { removeQuietly } from './remove-file.ts';
import { writeAll, writeNamedFile, writeNewFile } from './unfinished-file.ts';
import type { WritingDisk } from './unfinished-file.ts';

/** A line for another file: written, not synced. */
export interface Note {
  /** Open for writing until the placement is over. */
  readonly file: OpenFile;
  /** Latin-1. */
  readonly line: string;
}

/** A file on its way to its name. */
export interface PlacedFile {
  /** Where it is written, in a place where nobody looks for finished ones (`tmp/`). */
  readonly unfinished: string;
  /** Its final name, never used twice: a file that has it is overwritten. */
  readonly path: string;
  /** All of it; the memory belongs to the callee from now on. Absent: it is written and synced already. */
  readonly bytes?: Uint8Array | undefined;
  /** Written when the content is on the disk, and before the file has its name. */
  readonly note?: Note | undefined;
  /**
   * Under which name a power cut leaves it once it is placed. `either` takes one sync's time in
   * place of two, and somebody who gives the final name to what is found under the unfinished one.
   * It asks of the file system that a rename is one change: there in both directories or in none
   * (ext3 and 4, XFS, btrfs, ZFS, APFS, NTFS). @default 'final'
   */
  readonly lastsAs?: 'final' | 'either' | undefined;
}

/** How far a file came. */
export type Placement =
  /** All is on the disk. */
  | { readonly kind: 'placed' }
  /** Nothing is left, and nothing was noted. */
  | { readonly kind: 'unwritten'; readonly error: unknown }
  /** The whole file is left as `path`. Unless `isNoted`, the note may be there in part or not at all. */
  | {
      readonly kind: 'unplaced';
      readonly error: unknown;
      readonly path: string;
      readonly isNoted: boolean;
    }
  /** Who did it is gone: it may have come anywhere. */
  | { readonly kind: 'unknown'; readonly error: unknown };

const PLACED: Placement = { kind: 'placed' };

/** Puts a file in its place. Never rejects. */
export async function placeFile(disk: WritingDisk, file: PlacedFile): Promise<Placement> {
  const { directories, fileSystem } = disk;
  const { lastsAs = 'final', note, path, unfinished } = file;
  try {
    await makeUnfinished(disk, file);
  } catch (error) {
    return { kind: 'unwritten', error };
  }
  let left = unfinished;
  let isNoted = false;
  try {
    if (note !== undefined) {
      await writeAll(fileSystem, note.file, Buffer.from(note.line, 'latin1'));
    }
    isNoted = true;
    await fileSystem.rename(unfinished, path);
    left = path;
    if (lastsAs === 'final') await directories.sync(dirname(path));
    return PLACED;
  } catch (error) {
    return { kind: 'unplaced', error, path: left, isNoted };
  }
}

async function makeUnfinished(
  disk: WritingDisk,
  { bytes, lastsAs, unfinished }: PlacedFile,
): Promise<void> {
  const isNamed = lastsAs === 'either';
  if (bytes !== undefined) {
    await (isNamed ? writeNamedFile : writeNewFile)(disk, unfinished, bytes);
  } else if (isNamed) {
    try {
      await disk.directories.sync(dirname(unfinished));
    } catch (error) {
      await removeQuietly(disk.fileSystem, unfinished);
      throw error;
    }
  }
}

/**
 * The second half alone: gives a file that is written and synced its final name, and syncs
 * the directory of that name. The old name is not synced: after a power cut the file may be
 * there under both. On failure it is removed under both.
 *
 * `to` must be a name that is never used twice: a file that has it is overwritten.
 * @throws DurableFsError `unavailable` where the names are on different file systems
 */
export async function publishFile(disk: WritingDisk, from: string, to: string): Promise<void> {
  const placement = await placeFile(disk, { unfinished: from, path: to });
  if (placement.kind === 'placed') return;
  if (placement.kind === 'unplaced') await removeQuietly(disk.fileSystem, placement.path);
  throw placement.error;
}
