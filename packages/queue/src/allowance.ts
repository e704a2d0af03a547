/**
 * How much of a rate is used, and when there is room again. No clock of its own: it is told the time.
 *
 * A window slides: in no stretch of `perMs` are there more than `count`. It is kept in sixty slots,
 * and a slot counts as long as any part of it is in the window, so that the answer errs on the side
 * of waiting, by a sixtieth. What is larger than the whole window passes when the window is empty.
 */
import type { Rate } from '@posthouse/mail';

/** What an attempt costs. */
export type Cost = Readonly<Record<Rate['of'], number>>;

/** A window as it is noted: the length of the window, and its slots with what is used in each. */
export interface NotedWindow {
  readonly of: Rate['of'];
  readonly perMs: number;
  readonly slots: readonly (readonly [slot: number, used: number])[];
}

const SLOTS = 60;

/** The window of one rate. */
export class AllowanceWindow {
  readonly of: Rate['of'];
  readonly perMs: number;
  readonly #slotMs: number;
  /** Oldest first. */
  readonly #slots = new Map<number, number>();
  #used = 0;
  #last = -Infinity;

  constructor({ of, perMs }: Pick<Rate, 'of' | 'perMs'>, noted?: NotedWindow) {
    this.of = of;
    this.perMs = perMs;
    this.#slotMs = Math.max(1, perMs / SLOTS);
    for (const [slot, used] of noted?.slots ?? []) this.#add(slot, used);
  }

  /** What is used of the window that ends now. */
  usedAt(now: number): number {
    this.#forget(now);
    return this.#used;
  }

  /** The earliest time at which `cost` fits, `now` where it does now. */
  freeAt(now: number, cost: number, count: number): number {
    this.#forget(now);
    const allowed = count - Math.min(cost, count);
    let used = this.#used;
    let at = now;
    for (const [slot, inSlot] of this.#slots) {
      if (used <= allowed) break;
      used -= inSlot;
      at = Math.max(at, this.#endOf(slot));
    }
    return at;
  }

  use(now: number, cost: number): void {
    this.#forget(now);
    this.#add(Math.floor(now / this.#slotMs), cost);
  }

  /** For a note; `undefined` where nothing is used. */
  noted(now: number): NotedWindow | undefined {
    this.#forget(now);
    const { of, perMs } = this;
    return this.#slots.size === 0 ? undefined : { of, perMs, slots: [...this.#slots] };
  }

  /** A clock that was set back uses up the slot that it was in. */
  #add(slot: number, used: number): void {
    this.#last = Math.max(this.#last, slot);
    this.#slots.set(this.#last, (this.#slots.get(this.#last) ?? 0) + used);
    this.#used += used;
  }

  #endOf(slot: number): number {
    return Math.ceil((slot + 1) * this.#slotMs + this.perMs);
  }

  #forget(now: number): void {
    for (const [slot, used] of this.#slots) {
      if (this.#endOf(slot) > now) return;
      this.#slots.delete(slot);
      this.#used -= used;
    }
  }
}
