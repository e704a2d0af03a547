/**
 * One attempt, from the mark that it begins to its outcomes.
 *
 * Before a stranger's host is dialled, the mark is durable: should we die in the
 * attempt, the next one is not at once. Our own mailbox knows a repeat by its id and
 * needs no mark for a first attempt. Nothing here throws: a transmitter's fault, its
 * silence past the deadline and a stop of ours all become delays, in doubt where
 * the message may have gone out.
 */
import { outcomeOfFault, parseDeliveryId, refuse } from '@posthouse/mail';
import type {
  Clock,
  Logger,
  MailContent,
  RecipientOutcome,
  Timer,
  TransferContext,
} from '@posthouse/mail';
import { leasedKeys } from './group.ts';
import type { Group } from './group.ts';
import type { RetrySchedule } from './retry-schedule.ts';
import type { Store } from './store.ts';
import type { Transmitter } from './transmitter.ts';

export interface AttemptDeps {
  readonly store: Store;
  readonly transmitter: Transmitter;
  readonly schedule: RetrySchedule;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly attemptTimeoutMs: number;
  /** How long a transmitter may take to come back once it was told to stop. */
  readonly abortGraceMs: number;
}

/** The first attempt of what the store does not have yet. Ends with `release` or `keep`. */
export interface FirstAttempt {
  /** Never rejects; one outcome for each recipient. */
  readonly end: Promise<readonly RecipientOutcome[]>;
  /** Tells the transmitter to stop. */
  abort(reason: unknown): void;
  /** Nothing of it is to be written down. */
  release(): void;
  /** The store has it now: from here on it is an attempt like any other. */
  keep(): void;
}

/** An attempt that can be told to stop. */
export class RunningAttempt {
  readonly #group: Group;
  readonly #content: MailContent;
  readonly #deps: AttemptDeps;
  readonly #controller = new AbortController();
  /** Ends the wait for the transmitter; absent while nobody waits for it. */
  #end: ((outcomes: readonly RecipientOutcome[]) => void) | undefined;
  /** Set while a transmitter that was told to stop may still come back. */
  #grace: Timer | undefined;

  constructor(group: Group, content: MailContent, deps: AttemptDeps) {
    this.#group = group;
    this.#content = content;
    this.#deps = deps;
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Tells the transmitter to stop. */
  abort(reason: unknown): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(reason);
    if (this.#end === undefined) return;
    const { clock, abortGraceMs } = this.#deps;
    this.#grace = clock.after(abortGraceMs, () => this.#end?.(this.#delayed(reason, true)));
  }

  /** Marks the beginning. @returns false where a lease is gone, so that there must be no attempt */
  async begin(): Promise<boolean> {
    const group = this.#group;
    const [first] = group.recipients;
    if (first === undefined) return false;
    if (group.recipients.every(({ lease }) => lease.begun)) return true;
    if (group.own && !isRepeat(group)) return true;
    const { store, clock, logger } = this.#deps;
    const dueAt = clock.now() + waitOfDeath(first, this.#deps.schedule);
    const begun = store.begin(leasedKeys(group).map((key) => ({ ...key, dueAt })));
    if (!group.own) return (await begun).length === group.recipients.length;
    begun.catch((error: unknown) =>
      logger.warn({ event: 'begin-failed', err: error }, 'An attempt could not be marked'),
    );
    return true;
  }

  /** Lets the transmitter work. Never rejects; one outcome for each recipient. */
  transmit(): Promise<readonly RecipientOutcome[]> {
    const { clock, attemptTimeoutMs } = this.#deps;
    return new Promise((resolve) => {
      const timer = clock.after(attemptTimeoutMs, () =>
        this.abort(new DOMException('the attempt took too long', 'TimeoutError')),
      );
      this.#end = (outcomes) => {
        timer.cancel();
        this.#grace?.cancel();
        this.#end = undefined;
        resolve(outcomes);
      };
      void this.#transmit().then((outcomes) => this.#end?.(outcomes));
    });
  }

  async #transmit(): Promise<readonly RecipientOutcome[]> {
    const { signal } = this.#controller;
    const { message, recipients } = this.#group;
    try {
      const outcomes = await this.#deps.transmitter.transmit({
        message,
        recipients,
        content: this.#content,
        context: contextOf(this.#group),
        signal,
      });
      if (outcomes.length === recipients.length) return outcomes;
      throw refuse('local-trouble', { fields: { outcomes: outcomes.length }, inDoubt: true });
    } catch (error) {
      return this.#delayed(error, signal.aborted);
    }
  }

  #delayed(error: unknown, interrupted: boolean): readonly RecipientOutcome[] {
    const { message, recipients } = this.#group;
    if (!interrupted) {
      this.#deps.logger.error(
        { event: 'attempt-fault', queueId: message.id, err: error },
        'A transmitter failed, its recipients are delayed',
      );
    }
    const outcome = outcomeOfFault(error);
    const delayed: RecipientOutcome = interrupted ? { ...outcome, inDoubt: true } : outcome;
    return recipients.map(() => delayed);
  }
}

/** Whether any of the recipients was attempted before: a lease counts as an attempt granted. */
function isRepeat(group: Group): boolean {
  return group.recipients.some(({ attempts }) => attempts > 1);
}

function contextOf(group: Group): TransferContext {
  const id = parseDeliveryId(group.message.id);
  const { origin } = group.message;
  return id === undefined ? origin : { ...origin, delivery: { id, repeat: isRepeat(group) } };
}

/** When the next attempt is due should we die in this one: as after one that the host did not answer. */
export function waitOfDeath(
  { attempts, forwardPath }: { attempts: number; forwardPath: { domain: string } },
  schedule: RetrySchedule,
): number {
  const next = schedule.next({ ageMs: 0, attempts, domain: forwardPath.domain }, 0.5);
  return next.kind === 'again' ? next.afterMs : 0;
}
