/**
 * Where sessions rest that nobody uses, of one pool or of many together.
 *
 * Who has rested too long is shown out, and who rests longest where there are too many: so the
 * connections that stay open are those to hosts that are sent to often. All rest equally long, so
 * they stand in the order in which their time is up, and one timer does for all. They are chained
 * and not listed: one comes and goes with every message.
 */
import type { Clock } from '@posthouse/mail';
import { MovingDeadline } from './moving-deadline.ts';
import type { ClientSession } from './session.ts';

export interface RestingRoomOptions {
  /** How long a session may rest. Peers close idle ones after five minutes at the earliest. @default 30 s */
  readonly idleMs?: number | undefined;
  /** How many may rest at the same time. @default no limit */
  readonly maxResting?: number | undefined;
}

/** A session that rests. */
export interface Rest {
  readonly session: ClientSession;
}

interface Place extends Rest {
  readonly until: number;
  /** Called when it is shown out, not when it leaves. */
  readonly onShownOut: (rest: Rest) => void;
  isTaken: boolean;
  before: Place | undefined;
  after: Place | undefined;
}

const IDLE_MS = 30_000;

export class RestingRoom {
  readonly #idleMs: number;
  readonly #maxResting: number;
  readonly #clock: Clock;
  readonly #deadline: MovingDeadline;
  #isDeadlineSet = false;
  #oldest: Place | undefined;
  #newest: Place | undefined;
  #count = 0;

  constructor({ idleMs = IDLE_MS, maxResting = Infinity }: RestingRoomOptions, clock: Clock) {
    this.#idleMs = idleMs;
    this.#maxResting = maxResting;
    this.#clock = clock;
    this.#deadline = new MovingDeadline(clock, () => this.#sweep());
  }

  /** @param onShownOut is told of its own session when that has to go */
  enter(session: ClientSession, onShownOut: (rest: Rest) => void): Rest {
    const until = this.#clock.now() + this.#idleMs;
    const before = this.#newest;
    const place: Place = { session, until, onShownOut, isTaken: true, before, after: undefined };
    if (before === undefined) this.#oldest = place;
    else before.after = place;
    this.#newest = place;
    this.#count++;
    if (this.#count > this.#maxResting) this.#showOut();
    if (!this.#isDeadlineSet) this.#setDeadline(); // else it is earlier
    return place;
  }

  /** Idempotent. */
  leave(rest: Rest): void {
    const place = rest as Place; // `enter` gives out no other
    if (!place.isTaken) return;
    place.isTaken = false;
    this.#count--;
    if (place.before === undefined) this.#oldest = place.after;
    else place.before.after = place.after;
    if (place.after === undefined) this.#newest = place.before;
    else place.after.before = place.before;
    place.before = undefined;
    place.after = undefined;
  }

  /** Has no timer where nobody rests, for the end of a pool. */
  settle(): void {
    if (this.#count > 0) return;
    this.#deadline.end();
    this.#isDeadlineSet = false;
  }

  #showOut(): void {
    const oldest = this.#oldest;
    if (oldest === undefined) return;
    this.leave(oldest);
    oldest.onShownOut(oldest);
  }

  #sweep(): void {
    const now = this.#clock.now();
    while (this.#oldest !== undefined && this.#oldest.until <= now) this.#showOut();
    this.#setDeadline();
  }

  #setDeadline(): void {
    this.#isDeadlineSet = this.#oldest !== undefined;
    if (this.#oldest !== undefined) this.#deadline.set(this.#oldest.until);
  }
}
