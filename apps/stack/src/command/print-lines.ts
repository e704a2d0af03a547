/** What commands print: lines, as fast as they are read, and that there are none. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Arguments } from './arguments.ts';

/** To standard output; a reader that has had enough (`| head`) ends them. @throws what the lines throw */
export async function printLines(lines: AsyncIterable<string | Uint8Array>): Promise<void> {
  try {
    await pipeline(Readable.from(lines), process.stdout, { end: false });
  } catch (error) {
    const isPipe = error instanceof Error && 'code' in error && error.code === 'EPIPE';
    if (!isPipe) throw error;
  }
}

/** Where there is nothing to print: a line for people. Standard output is for scripts and stays empty. */
export function tellEmpty({ values }: Arguments, text: string): void {
  if (values['json'] !== true) process.stderr.write(`${text}\n`);
}
