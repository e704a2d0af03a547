/**
 * Reads the header sections of messages' files, and no more of them.
 *
 * Line ends may be LF, as Maildirs have them, or CRLF. A section that goes on past a limit
 * is cut there: what came before is enough to name a message. A search may go through
 * hundreds of thousands of files: memory is used again for the next one, and files are
 * opened by number, which costs a third of what handles do.
 */
import { close, fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { readHeaderSection } from '@posthouse/mail';
import type { HeaderSection } from '@posthouse/mail';

export interface HeaderReader {
  /**
   * Reads the header section of a file.
   * @param fileBytes its size, where that is known
   * @throws what the file system throws, ENOENT among it
   */
  read(path: string, fileBytes?: number): Promise<HeaderOfFile>;
}

export interface HeaderOfFile {
  readonly section: HeaderSection;
  /** Octets of the file. */
  readonly fileBytes: number;
}

const READ_BYTES = 4_096;
const MAX_HEADER_BYTES = 262_144;

const openFile = promisify(open);
const readFile = promisify(read);
const statFile = promisify(fstat);
const closeFile = promisify(close);

/** Makes a reader; it may read several files at a time. */
export function createHeaderReader(): HeaderReader {
  const spare: Buffer[] = [];
  return {
    async read(path, fileBytes) {
      const buffer = spare.pop() ?? Buffer.allocUnsafe(READ_BYTES);
      const file = await openFile(path, 'r');
      try {
        const text = await readSection(file, buffer);
        const section = readHeaderSection(canonical(text));
        return { section, fileBytes: fileBytes ?? (await statFile(file)).size };
      } finally {
        spare.push(buffer);
        await closeFile(file);
      }
    },
  };
}

/** The header section, one character for each octet. */
async function readSection(file: number, buffer: Buffer): Promise<string> {
  let text = '';
  while (text.length < MAX_HEADER_BYTES) {
    const { bytesRead } = await readFile(file, buffer, 0, buffer.length, text.length);
    if (bytesRead === 0) return text;
    const octets = buffer.subarray(0, bytesRead);
    const end = text === '' ? headerEnd(octets) : -1;
    if (end !== -1) return octets.toString('latin1', 0, end);
    text += octets.toString('latin1');
    const late = /\n\r?\n/.exec(text);
    if (late !== null) return text.slice(0, late.index + late[0].length);
  }
  return text;
}

/** Where the first empty line of the octets ends; -1 where there is none. */
export function headerEnd(octets: Buffer): number {
  const lf = octets.indexOf('\n\n');
  const crlf = octets.indexOf('\n\r\n');
  if (lf !== -1 && (crlf === -1 || lf < crlf)) return lf + 2;
  return crlf === -1 ? -1 : crlf + 3;
}

/** In CRLF, without the envelope line that mbox files put first. */
function canonical(text: string): Buffer {
  return Buffer.from(text.replace(/^From .*\r?\n/, '').replace(/\r?\n/g, '\r\n'), 'latin1');
}
