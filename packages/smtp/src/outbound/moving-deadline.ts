/**
 * A deadline that is moved far more often than it passes.
 *
 * Moving it later touches no timer: the timer that is set fires, sees that there is time
 * left, and sets itself again. So a session that sends thousands of commands a second
 * sets a timer every few minutes.
 */
import type { Clock, Timer } from '@posthouse/mail';

/** One deadline, or none. */
export class MovingDeadline {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  #at = Infinity;
  #timer: Timer | undefined;
  #timerAt = Infinity;

  /** @param onPassed called once each time a deadline passes */
  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
  }

  /** Moves the deadline to `at`, milliseconds since the epoch. */
  set(at: number): void {
    this.#at = at;
    if (at < this.#timerAt) this.#arm(at);
  }

  /** Takes the deadline away; a timer may stay set and will do nothing. */
  clear(): void {
    this.#at = Infinity;
  }

  /** Takes the timer away too, for the end. */
  end(): void {
    this.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(at - this.#clock.now(), () => this.#fired());
  }

  #fired(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    if (this.#at === Infinity) return;
    if (this.#clock.now() < this.#at) return this.#arm(this.#at);
    this.clear();
    this.#onPassed();
  }
}
