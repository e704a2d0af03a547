/**
 * Content that is built anew for each reading, by a function that always builds the same.
 *
 * It is built once at the start, for its size. What is small is kept as it came; what is
 * large is never held, and a reading that comes out at another size throws before its end,
 * so that no mail system takes a message that is not the one that was announced.
 */
import { contentFrom, contentOf } from '@posthouse/mail';
import type { MailContent } from '@posthouse/mail';

/** Builds the octets, in canonical CRLF. */
export type BuildOctets = () => Promise<AsyncIterable<Uint8Array>>;

/** Up to this size content is held in memory. */
const MAX_HELD_BYTES = 1_048_576;

/** Builds once. @throws what the building throws */
export async function buildContent(build: BuildOctets): Promise<MailContent> {
  let sizeBytes = 0;
  let held: Uint8Array[] | undefined = [];
  for await (const chunk of await build()) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_HELD_BYTES) held = undefined;
    held?.push(chunk);
  }
  if (held !== undefined) return contentOf(Buffer.concat(held));
  return contentFrom(sizeBytes, () => buildAgain(build, sizeBytes));
}

async function* buildAgain(build: BuildOctets, sizeBytes: number): AsyncIterable<Uint8Array> {
  let rest = sizeBytes;
  for await (const chunk of await build()) {
    rest -= chunk.byteLength;
    if (rest < 0) break;
    yield chunk;
  }
  if (rest !== 0) throw new Error('an attachment changed while the message was being sent');
}
