/**
 * Reads the header section of a message's file, and no more of it.
 *
 * Line ends may be LF, as Maildirs have them, or CRLF. A section that goes on past a limit
 * is cut there: what came before is enough to name a message.
 */
import { open } from 'node:fs/promises';
import { readHeaderSection } from '@posthouse/mail';
import type { HeaderSection } from '@posthouse/mail';

export interface HeaderOfFile {
  readonly section: HeaderSection;
  /** Octets of the file. */
  readonly fileBytes: number;
}

const FIRST_READ_BYTES = 8_192;
const MAX_HEADER_BYTES = 262_144;

/** @throws what the file system throws, ENOENT among it */
export async function readHeaderOfFile(path: string): Promise<HeaderOfFile> {
  const file = await open(path, 'r');
  try {
    let octets = Buffer.alloc(0);
    let complete = false;
    while (!complete && octets.length < MAX_HEADER_BYTES) {
      const chunk = Buffer.allocUnsafe(Math.max(FIRST_READ_BYTES, octets.length));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, octets.length);
      const from = Math.max(0, octets.length - 3);
      octets = Buffer.concat([octets, chunk.subarray(0, bytesRead)]);
      complete = bytesRead === 0 || hasEmptyLine(octets.subarray(from));
    }
    const { size } = await file.stat();
    return { section: readHeaderSection(canonical(octets)), fileBytes: size };
  } finally {
    await file.close();
  }
}

function hasEmptyLine(octets: Buffer): boolean {
  return octets.includes('\n\n') || octets.includes('\n\r\n');
}

/** CRLF, up to the empty line; without the envelope line that mbox files put first. */
function canonical(octets: Buffer): Buffer {
  const text = octets
    .toString('latin1')
    .replace(/^From .*\r?\n/, '')
    .replace(/\r?\n\r?\n[^]*$/, '\n\n');
  return Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1');
}
