/**
 * Delivers first and stores only what is left: the first attempt at our own mailboxes is made
 * while the author waits for his 250.
 *
 * What is in its mailbox by then needs no place in the queue; only its events are written, in
 * their own time. Whatever else comes of the attempt (a refusal, trouble, no answer for
 * `deliverFirstMs`) the message is stored as any other, under the lease of the attempt that was
 * made or still goes on, and the 250 waits for that. Should we die before the 250, the author has
 * no promise and sends again, as after every lost reply (RFC 5321 §4.5.4.2, decision 15).
 */
import { isTaken } from '@posthouse/mail';
import type { Clock, Logger, MailContent, RecipientOutcome } from '@posthouse/mail';
import type { Dispatch } from './dispatch.ts';
import type { Group } from './group.ts';
import type { NewMessage, Store } from './store.ts';
import { Tally } from './tally.ts';
import { takenEvent } from './verdict.ts';

export interface DeliverFirstDeps {
  readonly store: Pick<Store, 'log'>;
  readonly dispatch: Pick<Dispatch, 'attemptFirst'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A message that the store does not have yet. */
export interface Unstored {
  readonly incoming: NewMessage;
  /** Its recipients that are leased to us. */
  readonly groups: readonly Group[];
  /** Absent where it cannot be read before it is stored. */
  readonly content: MailContent | undefined;
  /** Stores it. @throws StoreError */
  readonly store: () => Promise<void>;
  /** Lets go of the content. */
  readonly release: () => void;
}

/** Messages whose events are not written yet: the next one waits for its own. */
const MAX_UNTOLD = 1000;

export class DeliverFirst {
  readonly #waitMs: number;
  readonly #deps: DeliverFirstDeps;
  readonly #telling = new Tally();

  constructor(waitMs: number, deps: DeliverFirstDeps) {
    this.#waitMs = waitMs;
    this.#deps = deps;
  }

  /** Resolves when all events are written. */
  async stop(): Promise<void> {
    await this.#telling.none();
  }

  /**
   * Delivers the message, or stores it after the attempt was made.
   * @returns false where there may be no attempt now: nothing has happened
   * @throws StoreError where it was neither delivered nor stored
   */
  async take(unstored: Unstored): Promise<boolean> {
    const { content, groups, incoming } = unstored;
    const [group] = groups;
    if (this.#waitMs === 0 || group === undefined || content === undefined) return false;
    if (!isOneDelivery(incoming, group)) return false;
    const attempt = this.#deps.dispatch.attemptFirst(group, content);
    if (attempt === undefined) return false;
    const outcomes = await within(attempt.end, this.#waitMs, this.#deps.clock);
    if (outcomes?.every(isTaken) === true) {
      attempt.release();
      return this.#delivered(unstored, group, outcomes);
    }
    try {
      await unstored.store();
    } catch (error) {
      attempt.abort(error);
      const late = await attempt.end;
      attempt.release();
      if (!late.every(isTaken)) throw error;
      return this.#delivered(unstored, group, late);
    }
    attempt.keep();
    return true;
  }

  /** Has the events written. Nobody waits for that: the mail itself is where it belongs. */
  async #delivered(
    { incoming, release }: Unstored,
    group: Group,
    outcomes: readonly RecipientOutcome[],
  ): Promise<true> {
    release();
    const { events, message, recipients } = incoming;
    const { clock, logger, store } = this.#deps;
    const at = clock.now();
    const ends = group.recipients.flatMap((recipient, place) => {
      const outcome = outcomes[place];
      return outcome === undefined ? [] : [takenEvent(recipient, outcome, at)];
    });
    const told = store.log([{ message, recipients, events: [...events, ...ends] }]);
    const written = told.catch((error: unknown) =>
      logger.error(
        { event: 'events-lost', queueId: message.id, err: error },
        'A message was delivered, and its events could not be written',
      ),
    );
    void this.#telling.add(written);
    if (this.#telling.count > MAX_UNTOLD) await written;
    return true;
  }
}

/** All of it goes to own mailboxes in one attempt, and nobody asks to be told of success. */
function isOneDelivery({ recipients }: NewMessage, group: Group): boolean {
  return (
    group.own &&
    group.recipients.length === recipients.length &&
    recipients.every(({ params }) => params.notify === undefined)
  );
}

/** What a task comes to, `undefined` where it takes longer. */
function within<Value>(
  task: Promise<Value>,
  waitMs: number,
  clock: Clock,
): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const timer = clock.after(waitMs, () => resolve(undefined));
    void task.then((value) => {
      timer.cancel();
      resolve(value);
    });
  });
}
