/**
 * Reads the content of claimed messages before their turn comes: a page in one call, while its
 * attempts are marked as begun, so that a slot of a host is spent on the host alone.
 *
 * Bounded by count, by the size of each and by the room that the cache has left. Nothing here
 * throws: what is not read ahead, damaged content too, its own attempt reads from the store and
 * is told what is wrong with it.
 */
import type { Logger } from '@posthouse/mail';
import type { QueueId } from './record.ts';
import type { Claimed, Store } from './store.ts';

export interface ReadAheadDeps {
  readonly store: Pick<Store, 'readSmall'>;
  readonly logger: Logger;
}

/** Messages of one page: those whose turn comes first, and no more than others can wait for. */
const MAX_MESSAGES = 256;
/** Reading more takes so long that the trip to the store is little of it. */
const MAX_MESSAGE_BYTES = 65_536;

/** Whose content is read ahead: from the front of the page, as much as there is room for. */
export function chooseAhead(
  claimed: readonly {
    readonly message: { readonly id: QueueId; readonly sizeBytes: number };
  }[],
  freeBytes: number,
): readonly QueueId[] {
  const chosen: QueueId[] = [];
  let left = freeBytes;
  for (const { message } of claimed) {
    if (chosen.length === MAX_MESSAGES) break;
    if (message.sizeBytes > Math.min(left, MAX_MESSAGE_BYTES)) continue;
    chosen.push(message.id);
    left -= message.sizeBytes;
  }
  return chosen;
}

/** Never rejects. @returns what could be read */
export async function readAhead(
  claimed: readonly Claimed[],
  freeBytes: number,
  { store, logger }: ReadAheadDeps,
): Promise<ReadonlyMap<QueueId, Uint8Array>> {
  const chosen = chooseAhead(claimed, freeBytes);
  if (chosen.length === 0) return new Map();
  try {
    return await store.readSmall(chosen);
  } catch (error) {
    logger.warn({ event: 'read-ahead-failed', err: error }, 'Content could not be read ahead');
    return new Map();
  }
}
