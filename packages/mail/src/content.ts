/**
 * Mail content: untouched bytes with canonical CRLF, and in front of them, kept
 * apart, the header fields that we added on the way.
 *
 * Reading is replayable: `open()` may be called as often as there are attempts.
 * Nothing here holds a large message in memory; `contentOf` is for small ones.
 */
import type { ContentWriter } from './transfer.ts';

/** A message's bytes, to be read as often as needed. */
export interface MailContent {
  /** Header fields added on the way (Received, Authentication-Results ...), each ending in CRLF. */
  readonly prefix: Uint8Array;
  /** Octets of the content without the prefix. */
  readonly sizeBytes: number;
  /** The content without the prefix, where all of it is in memory: who has it need not `open` it. */
  readonly bytes?: Uint8Array;
  /** Reads the content without the prefix, from the start. Iterating may throw what storage throws. */
  open(): AsyncIterable<Uint8Array>;
  /** The same content with more header fields in front of all others. */
  withPrefix(fields: Uint8Array): MailContent;
}

/** Content held in memory. */
export function contentOf(bytes: Uint8Array, prefix: Uint8Array = new Uint8Array()): MailContent {
  return {
    ...contentFrom(bytes.byteLength, () => once(bytes), prefix),
    bytes,
    withPrefix: (fields) => contentOf(bytes, Buffer.concat([fields, prefix])),
  };
}

/** Content read from somewhere; `open` is called once per reading. */
export function contentFrom(
  sizeBytes: number,
  open: () => AsyncIterable<Uint8Array>,
  prefix: Uint8Array = new Uint8Array(),
): MailContent {
  return {
    prefix,
    sizeBytes,
    open,
    withPrefix: (fields) => contentFrom(sizeBytes, open, Buffer.concat([fields, prefix])),
  };
}

/** Sends content into a writer that was staged for it, and ends the writer. */
export async function pour(content: MailContent, writer: ContentWriter): Promise<void> {
  if (content.bytes !== undefined) await writer.write(content.bytes);
  else for await (const chunk of content.open()) await writer.write(chunk);
  await writer.end();
}

/** The whole of it, prefix first. @throws RangeError above `maxBytes`, before memory is taken. */
export async function readContent(content: MailContent, maxBytes: number): Promise<Buffer> {
  if (content.prefix.byteLength + content.sizeBytes > maxBytes) {
    throw new RangeError(`content of ${content.sizeBytes} bytes is over the limit of ${maxBytes}`);
  }
  const chunks: Uint8Array[] = [content.prefix];
  for await (const chunk of content.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
