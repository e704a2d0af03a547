/**
 * Content in the form in which a Maildir holds it: LF line ends, in memory or in a file.
 *
 * It is written once for each recipient, so it can be read as often as needed.
 */
import { createLineEndReader } from './line-ends.ts';

/** Plain content behind the fields that final delivery adds. */
export interface StoredContent {
  /** Octets with LF line ends. */
  readonly sizeBytes: number;
  /** Octets with CRLF line ends, as they came. */
  readonly virtualBytes: number;
  /** All of it, where it is in memory. */
  readonly bytes?: Buffer;
  /** Reads it from the start. Iterating may throw what storage throws. */
  open(): AsyncIterable<Uint8Array>;
}

/** Stored content from octets with CRLF line ends. */
export function storedContentOf(octets: Uint8Array): StoredContent {
  const reader = createLineEndReader();
  const bytes = Buffer.concat([reader.push(octets), reader.end()]);
  return storedInMemory(bytes, octets.byteLength);
}

/** Stored content whose line ends are LF already. */
export function storedInMemory(bytes: Buffer, virtualBytes: number): StoredContent {
  return {
    sizeBytes: bytes.byteLength,
    virtualBytes,
    bytes,
    async *open() {
      yield bytes;
    },
  };
}
