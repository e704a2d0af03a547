/**
 * The bytes of small messages that were just accepted, so that their first attempt
 * does not read back what was in memory a moment ago.
 *
 * Bounded by bytes; what was kept longest goes first. The store has everything.
 */
import type { QueueId } from './record.ts';

interface Kept {
  readonly content: Uint8Array;
  /** Attempts that are still to come. */
  readers: number;
}

export class ContentCache {
  readonly #maxBytes: number;
  /** In the order of arrival. */
  readonly #kept = new Map<QueueId, Kept>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps content until `done` was called for each reader, or until there is no room. */
  keep(id: QueueId, content: Uint8Array, readers: number): void {
    if (content.byteLength > this.#maxBytes || this.#kept.has(id)) return;
    this.#kept.set(id, { content, readers });
    this.#bytes += content.byteLength;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
    }
  }

  get(id: QueueId): Uint8Array | undefined {
    return this.#kept.get(id)?.content;
  }

  /** One reader needs it no more. */
  done(id: QueueId): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    kept.readers -= 1;
    if (kept.readers <= 0) this.#drop(id);
  }

  #drop(id: QueueId): void {
    this.#bytes -= this.#kept.get(id)?.content.byteLength ?? 0;
    this.#kept.delete(id);
  }
}
