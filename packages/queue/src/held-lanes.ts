/**
 * Lanes whose allowance is used up: what wakes the scheduler when no attempt ends.
 *
 * A lane that has room again soon waits here for it; one that has to wait for long rests, and
 * what it had goes back to the store, which wakes it. Pure but for its own state.
 */
import type { Exhausted } from './allowances.ts';
import type { Group } from './group.ts';
import type { Lane } from './lane.ts';
import type { LaneKey } from './record.ts';

/** What began to rest, and who waited for it. */
export interface Rested {
  readonly lanes: readonly { readonly lane: LaneKey; readonly until: number }[];
  readonly groups: readonly Group[];
}

/** What is held back because an allowance is used up. */
export interface Held extends Rested {
  readonly exhausted: Exhausted;
}

/** Who has room again so soon waits here for it; others go back to the store. */
const MAX_HELD_MS = 90_000;

export class HeldLanes {
  /** Lanes that wait here, and until when. */
  readonly #waiting = new Map<Lane, number>();
  #sentBack: Held[] = [];

  /** When the first lane that waits here has room again. */
  get nextRoomAt(): number | undefined {
    return this.#waiting.size === 0 ? undefined : Math.min(...this.#waiting.values());
  }

  /** Lets the lane wait here. @returns whether it has room again soon enough for that */
  wait(lane: Lane, until: number, now: number): boolean {
    if (until - now > MAX_HELD_MS) return false;
    this.#waiting.set(lane, until);
    return true;
  }

  /** Who has room again waits no longer, and is ready. */
  wakeInto(ready: Set<Lane>, now: number): void {
    for (const [lane, until] of this.#waiting) {
      if (until > now) continue;
      this.#waiting.delete(lane);
      ready.add(lane);
    }
  }

  forget(lane: Lane): void {
    this.#waiting.delete(lane);
  }

  /** Notes what goes back to the store. */
  sendBack(held: Held): void {
    this.#sentBack.push(held);
  }

  /** What was sent back since it was last asked. */
  takeSentBack(): readonly Held[] {
    const held = this.#sentBack;
    this.#sentBack = [];
    return held;
  }
}
