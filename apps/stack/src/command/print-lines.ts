/** Lines to standard output, as fast as they are read; a reader that has had enough (`| head`) ends them. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** @throws what the lines throw */
export async function printLines(lines: AsyncIterable<string | Uint8Array>): Promise<void> {
  try {
    await pipeline(Readable.from(lines), process.stdout, { end: false });
  } catch (error) {
    const isPipe = error instanceof Error && 'code' in error && error.code === 'EPIPE';
    if (!isPipe) throw error;
  }
}
