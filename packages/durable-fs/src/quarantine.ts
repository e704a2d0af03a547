/**
 * Quarantine: a damaged file is moved aside, durably, with a text beside it that says
 * why, so that the rest can go on and a person can look.
 *
 * `NAME` becomes `damaged/NAME`, its reason `damaged/NAME.reason.txt`; where that is
 * taken, `NAME.1` and so on: nothing there is ever overwritten. On failure the file
 * is whole, in one of the two places.
 */
import { basename, dirname, join } from 'node:path';
import type { Disk } from './disk.ts';
import { isFault } from './error.ts';
import { removeQuietly } from './remove-file.ts';
import { createFile } from './write-file.ts';

/**
 * Moves a file aside. `into` is on the same file system. @default `damaged` beside the file
 * Resolves with the path it has now.
 * @throws DurableFsError `missing` where there is no such file
 */
export async function quarantine(
  disk: Disk,
  path: string,
  reason: string,
  into: string = join(dirname(path), 'damaged'),
): Promise<string> {
  await disk.directories.ensure(into);
  const moved = await reserve(disk, join(into, basename(path)), reason);
  try {
    await disk.fileSystem.rename(path, moved);
  } catch (error) {
    await removeQuietly(disk.fileSystem, reasonPath(moved));
    throw error;
  }
  // Both names change: the new one first, so that a power cut can only leave the file twice.
  await disk.directories.sync(into);
  await disk.directories.sync(dirname(path));
  return moved;
}

/** The reason's own file reserves the name: of two who want it, one makes it. */
async function reserve(disk: Disk, path: string, reason: string): Promise<string> {
  const text = new TextEncoder().encode(`${reason}\n`);
  for (let suffix = 0; ; suffix += 1) {
    const candidate = suffix === 0 ? path : `${path}.${suffix}`;
    try {
      await createFile(disk, reasonPath(candidate), text);
      return candidate;
    } catch (error) {
      if (!isFault(error, 'exists')) throw error;
    }
  }
}

function reasonPath(path: string): string {
  return `${path}.reason.txt`;
}
