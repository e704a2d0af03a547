/**
 * The bytes of small messages that were just accepted, so that their first attempt
 * does not read back what was in memory a moment ago; and of those that were read ahead
 * of their attempt.
 *
 * Bounded by bytes: what finds no room is read from the store, which has everything. What
 * came first keeps its place, because it is attempted first. Kept by the group itself, and
 * not in a Map, for the reason that `bag.ts` gives.
 */
import type { Group } from './group.ts';
import type { QueueId } from './record.ts';

interface Kept {
  readonly content: Uint8Array;
  /** Attempts that are still to come. */
  readers: number;
}

export class ContentCache {
  readonly #maxBytes: number;
  readonly #kept = new WeakMap<Group, Kept>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps the content of a message until `done` was called for each of its groups. */
  keep(groups: readonly Group[], content: Uint8Array): void {
    if (this.#bytes + content.byteLength > this.#maxBytes) return;
    this.#bytes += content.byteLength;
    const kept = { content, readers: groups.length };
    for (const group of groups) this.#kept.set(group, kept);
  }

  /** The same for content that was read by message; groups of other messages are left alone. */
  keepRead(groups: readonly Group[], contents: ReadonlyMap<QueueId, Uint8Array>): void {
    if (contents.size === 0) return;
    for (const [id, ofMessage] of Map.groupBy(groups, ({ message }) => message.id)) {
      const content = contents.get(id);
      if (content !== undefined) this.keep(ofMessage, content);
    }
  }

  /** How much more may be kept. */
  get freeBytes(): number {
    return this.#maxBytes - this.#bytes;
  }

  get(group: Group): Uint8Array | undefined {
    return this.#kept.get(group)?.content;
  }

  /** The group needs it no more. */
  done(group: Group): void {
    const kept = this.#kept.get(group);
    if (kept === undefined) return;
    this.#kept.delete(group);
    kept.readers -= 1;
    if (kept.readers === 0) this.#bytes -= kept.content.byteLength;
  }
}
