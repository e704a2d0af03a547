/**
 * Replies in the order of their commands, whatever the order they are found in.
 *
 * A pipelined batch of RCPTs is put to the receiver at once; each reply waits here for
 * those before it. RFC 2920 §3.2.
 */
import type { Reply } from '@posthouse/mail';

interface Place {
  reply: Reply | undefined;
}

/** Hands each reply on when its turn comes. */
export class ReplyQueue {
  readonly #due: (reply: Reply) => void;
  readonly #failed: (thrown: unknown) => void;
  readonly #places: Place[] = [];
  #waiting: (() => void)[] = [];

  /** @param failed told of an answer that rejects, which is a bug: no later reply can be said */
  constructor(due: (reply: Reply) => void, failed: (thrown: unknown) => void) {
    this.#due = due;
    this.#failed = failed;
  }

  /** Whether every command so far has its reply. */
  get settled(): boolean {
    return this.#places.length === 0;
  }

  /** Resolves when every command so far has its reply. */
  whenSettled(): Promise<void> {
    return this.settled
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#waiting.push(resolve);
        });
  }

  /** Takes the reply to the next command. */
  push(answer: Reply | Promise<Reply>): void {
    if (!(answer instanceof Promise)) {
      if (this.settled) this.#due(answer);
      else this.#places.push({ reply: answer });
      return;
    }
    const place: Place = { reply: undefined };
    this.#places.push(place);
    answer
      .then((reply) => {
        place.reply = reply;
        this.#advance();
      })
      .catch(this.#failed);
  }

  #advance(): void {
    for (let first = this.#places[0]; first?.reply !== undefined; first = this.#places[0]) {
      this.#places.shift();
      this.#due(first.reply);
    }
    if (!this.settled || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
