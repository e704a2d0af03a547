/**
 * Keeps the leases of groups alive for as long as they wait or are attempted.
 *
 * A lease that could not be kept is told once to whoever added the group: an
 * attempt under it must stop, because another may begin. A store that does not
 * answer is asked again at the next round; a lease that ends meanwhile is lost.
 */
import type { Clock, Logger, Timer } from '@posthouse/mail';
import { Bag } from './bag.ts';
import type { Place } from './bag.ts';
import { leasedKeys } from './group.ts';
import type { Group } from './group.ts';
import type { QueueId } from './record.ts';
import type { LeasedKey, Store } from './store.ts';

interface Kept {
  readonly group: Group;
  until: number;
  lost: boolean;
  onLost: (() => void) | undefined;
}

/** Leases in one call to the store. */
const BATCH = 1000;

export class LeaseKeeper {
  readonly #leaseMs: number;
  readonly #deps: { readonly store: Store; readonly clock: Clock; readonly logger: Logger };
  readonly #kept = new Bag<Kept>();
  readonly #places = new WeakMap<Group, Place<Kept>>();
  #timer: Timer | undefined;
  /** No lease ends before. */
  #earliestEnd = Infinity;

  constructor(
    leaseMs: number,
    deps: { readonly store: Store; readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#leaseMs = leaseMs;
    this.#deps = deps;
  }

  /** Keeps the group's leases from now on. */
  add(group: Group): void {
    const until = Math.min(...group.recipients.map(({ lease }) => lease.until));
    const kept: Kept = { group, until, lost: false, onLost: undefined };
    this.#places.set(group, this.#kept.add(kept));
    this.#earliestEnd = Math.min(this.#earliestEnd, until);
    this.#timer ??= this.#deps.clock.after(this.#leaseMs / 3, () => void this.#round());
  }

  remove(group: Group): void {
    const place = this.#places.get(group);
    if (place === undefined) return;
    this.#places.delete(group);
    this.#kept.remove(place);
  }

  isLost(group: Group): boolean {
    return this.#places.get(group)?.item.lost ?? true;
  }

  /** Calls back when the group's leases are lost. */
  onLost(group: Group, callback: () => void): void {
    const kept = this.#places.get(group)?.item;
    if (kept !== undefined) kept.onLost = callback;
  }

  /** Whether a recipient that was claimed now is under an older lease of ours, which is lost then. */
  supersedes(claimed: Group, now: number): boolean {
    if (now < this.#earliestEnd) return false; // the common case: every lease was renewed in time
    let found = false;
    for (const kept of this.#kept.items()) {
      const { group } = kept;
      // Nobody else gets a recipient before its lease has ended.
      if (kept.until > now || group.message.id !== claimed.message.id) continue;
      if (!group.recipients.some(({ index }) => has(claimed, index))) continue;
      lose(kept);
      found = true;
    }
    return found;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #round(): Promise<void> {
    const { clock, logger } = this.#deps;
    const soon = clock.now() + (this.#leaseMs * 2) / 3;
    const due = this.#kept.items().filter((kept) => !kept.lost && kept.until <= soon);
    try {
      for (const batch of batchesOf(due)) await this.#renew(batch);
    } catch (error) {
      logger.warn({ event: 'lease-renewal-failed', err: error }, 'Leases could not be renewed');
    }
    const now = clock.now();
    for (const kept of due) if (kept.until <= now) lose(kept);
    this.#earliestEnd = Infinity;
    for (const { until } of this.#kept.items()) {
      this.#earliestEnd = Math.min(this.#earliestEnd, until);
    }
    if (this.#timer === undefined) return; // stopped meanwhile
    this.#timer =
      this.#kept.size === 0 ? undefined : clock.after(this.#leaseMs / 3, () => void this.#round());
  }

  async #renew(batch: readonly Kept[]): Promise<void> {
    const until = this.#deps.clock.now() + this.#leaseMs;
    const keys: LeasedKey[] = batch.flatMap(({ group }) => leasedKeys(group));
    const held = new Map<QueueId, Set<number>>();
    for (const { message, index } of await this.#deps.store.renew(keys, until)) {
      const indexes = held.get(message);
      if (indexes === undefined) held.set(message, new Set([index]));
      else indexes.add(index);
    }
    for (const kept of batch) {
      const { group } = kept;
      const indexes = held.get(group.message.id);
      if (group.recipients.every(({ index }) => indexes?.has(index) === true)) kept.until = until;
      else if (this.#places.has(group)) lose(kept); // else it ended while we asked
    }
  }
}

function lose(kept: Kept): void {
  if (kept.lost) return;
  kept.lost = true;
  kept.onLost?.();
}

function has(group: Group, index: number): boolean {
  return group.recipients.some((recipient) => recipient.index === index);
}

function* batchesOf(due: readonly Kept[]): Iterable<readonly Kept[]> {
  let batch: Kept[] = [];
  let size = 0;
  for (const each of due) {
    batch.push(each);
    size += each.group.recipients.length;
    if (size < BATCH) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
