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

  /** @param failed told of a bug after which no later reply can be said */
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
  push(reply: Reply): void {
    if (this.settled) this.#due(reply);
    else this.#places.push({ reply });
  }

  /** The reply to the next command is still to come. @param refused makes it of what is thrown instead */
  await(answer: Promise<Reply>, refused: (thrown: unknown) => Reply): void {
    const place: Place = { reply: undefined };
    this.#places.push(place);
    answer.then(
      (reply) => this.#settle(place, () => reply),
      (thrown: unknown) => this.#settle(place, () => refused(thrown)),
    );
  }

  #settle(place: Place, find: () => Reply): void {
    try {
      place.reply = find();
      this.#advance();
    } catch (thrown) {
      this.#failed(thrown);
    }
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
