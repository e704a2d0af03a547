/**
 * Reading back: a small file whole, or a stretch of a large one piece by piece.
 *
 * Neither holds more in memory than it was told. A file that ends before the stretch
 * does is `damaged`: somebody recorded a length that the disk did not keep.
 */
import type { Disk } from './disk.ts';
import { DurableFsError } from './error.ts';
import type { FileSystem } from './file-system.ts';

const PIECE_BYTES = 65_536;

/**
 * The whole file.
 * @throws DurableFsError
 * @throws RangeError where it is larger than `maxBytes`
 */
export async function readFile(disk: Disk, path: string, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of stretch(disk.fileSystem, path, 0, Infinity)) {
    sizeBytes += piece.byteLength;
    if (sizeBytes > maxBytes) throw new RangeError(`${path} is larger than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, sizeBytes);
}

/**
 * `sizeBytes` bytes from `start` on; each piece is the consumer's to keep.
 * @throws DurableFsError `damaged` where the file is too short
 */
export async function* readRange(
  disk: Disk,
  path: string,
  start: number,
  sizeBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  const end = start + sizeBytes;
  let position = start;
  for await (const piece of stretch(disk.fileSystem, path, start, end)) {
    position += piece.byteLength;
    yield piece;
  }
  if (position === end) return;
  const reason = `ends at byte ${position}, not at ${end}`;
  throw new DurableFsError('damaged', { operation: 'read', path }, reason);
}

/** What there is between two places in a file. */
async function* stretch(
  fileSystem: FileSystem,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, void> {
  const file = await fileSystem.open(path, 'read');
  try {
    for (let position = start; position < end;) {
      const into = new Uint8Array(Math.min(PIECE_BYTES, end - position));
      const count = await fileSystem.read(file, into, position);
      if (count === 0) return;
      position += count;
      yield into.subarray(0, count);
    }
  } finally {
    await fileSystem.close(file).catch(() => undefined); // nothing was written that it could lose
  }
}
