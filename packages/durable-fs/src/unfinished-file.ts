/** The two things that are done to a file that is being written: all its bytes go in, or it goes. */
import { DurableFsError } from './error.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { removeQuietly } from './remove-file.ts';

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
