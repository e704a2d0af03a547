/**
 * How many calls of one kind a commit should wait for while the thread has nothing to do.
 *
 * Clients that wait for the same commit come back at the same time. If the first of them were
 * committed alone, all others would wait for that, and then the event loop for them; so half of
 * those who were seen at once lately are waited for, and while they are committed the other half
 * is worked on. Two or three never wait. While the thread is busy nothing is held back: what
 * comes meanwhile is its next commit anyway.
 */
export class Siblings {
  /** Called and not yet with the thread. */
  #held = 0;
  /** With the thread. */
  #away = 0;
  /** How many there were at once; it follows a decline slowly. */
  #crowd = 1;

  comes(): void {
    this.#held += 1;
    this.#crowd = Math.max(this.#crowd, this.#held + this.#away);
  }

  /** Whether there is reason to wait for more of them. */
  get areAwaited(): boolean {
    return this.#away === 0 && this.#held < Math.floor(this.#crowd / 2);
  }

  /** All that are held go to the thread. */
  go(): void {
    this.#away += this.#held;
    this.#held = 0;
  }

  /** One of those with the thread is answered. */
  leaves(): void {
    this.#away -= 1;
  }

  /** A commit has ended. */
  wereAnswered(): void {
    this.#crowd = Math.max(1, this.#held + this.#away, this.#crowd - 1);
  }
}
