/**
 * A ContentWriter that holds a message's header section back until it is whole, lets it be
 * read and rewritten, and passes everything after it on untouched.
 *
 * No more than `maxHeaderBytes` are ever held. A message that ends before its header section
 * does is taken to be all header section.
 */
import { refuse } from './error.ts';
import { findHeaderEnd, readHeaderSection } from './header-section.ts';
import type { HeaderSection } from './header-section.ts';
import type { ContentWriter } from './transfer.ts';

/**
 * Reads the section and answers with the octets to send in its place; `undefined`: it stays as it is.
 * May throw MailError.
 */
export type RewriteHeader = (section: HeaderSection) => Buffer | undefined;

/** Puts the gate in front of a writer. */
export function createHeaderGate(
  writer: ContentWriter,
  maxHeaderBytes: number,
  rewrite: RewriteHeader,
): ContentWriter {
  let held: Buffer | undefined = Buffer.alloc(0);

  async function open(octets: Buffer): Promise<void> {
    const section = readHeaderSection(octets);
    if (section.endOffset > maxHeaderBytes) throw refuse('header-too-large');
    const rewritten = rewrite(section);
    held = undefined;
    if (rewritten === undefined) return writer.write(octets);
    await writer.write(rewritten);
    if (section.endOffset < octets.length) await writer.write(octets.subarray(section.endOffset));
  }

  return {
    async write(chunk) {
      if (held === undefined) return writer.write(chunk);
      // The end may lie across the edge of two chunks, but never further back than this.
      const from = Math.max(0, held.length - 3);
      const octets = held.length === 0 ? viewOf(chunk) : Buffer.concat([held, chunk]);
      const isWhole =
        from === 0 ? findHeaderEnd(octets) !== undefined : octets.includes('\r\n\r\n', from);
      if (isWhole || octets.length > maxHeaderBytes) await open(octets);
      else held = held.length === 0 ? Buffer.from(octets) : octets; // the caller keeps the chunk
    },
    async end() {
      if (held !== undefined) await open(held);
      await writer.end();
    },
  };
}

function viewOf(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
