/** How much room is left for mail. */
import type { Disk } from './disk.ts';

/**
 * Bytes that an unprivileged process may still write on the file system of `path`, which
 * must exist. What root keeps in reserve does not count, even where we run as root.
 * @throws DurableFsError
 */
export async function freeBytes(disk: Disk, path: string): Promise<number> {
  const { freeBytes: free } = await disk.fileSystem.statfs(path);
  return free;
}
