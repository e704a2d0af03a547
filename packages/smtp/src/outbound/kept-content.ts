/**
 * Content that came before it was known on which session it goes, or whether that session lives.
 *
 * It is a copy, because whoever writes may use his memory again, and it stays until the end,
 * because a session that turns out to be dead is replaced by another one. What is more than a
 * small message is not kept: its writer waits.
 */
import type { ContentWriter } from '@posthouse/mail';

/** As much as leaves in one piece. */
const MAX_BYTES = 65_536;

export class KeptContent {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  /** Keeps a copy. @returns false where it would be too much */
  keep(chunk: Uint8Array): boolean {
    if (this.#bytes + chunk.byteLength > MAX_BYTES) return false;
    this.#bytes += chunk.byteLength;
    this.#pieces.push(Buffer.from(chunk));
    return true;
  }

  /** Writes all of it. */
  async pourInto(writer: ContentWriter): Promise<void> {
    for (const piece of this.#pieces) await writer.write(piece);
  }

  forget(): void {
    this.#pieces.length = 0;
  }
}
