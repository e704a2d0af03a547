/**
 * A receiver in which rehearsed recipients meet with what they ask for, each at its step; all
 * else is the next receiver's.
 */
import { asMailError, formatPath, mailboxKey } from '@posthouse/mail';
import type {
  Clock,
  ContentWriter,
  ForwardPath,
  MailError,
  MailReceiver,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
  ReversePath,
  TransactionId,
} from '@posthouse/mail';
import { rehearsedOutcome } from './rehearsed-outcome.ts';
import type { RehearsedStep } from './rehearsed-outcome.ts';

/** Which steps are rehearsed here. */
export interface RehearsalOptions {
  readonly steps: readonly RehearsedStep[];
}

/** Senders and recipients that were greylisted are remembered; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;

/** Puts the rehearsal in front of a receiver. */
export function createRehearsingReceiver(
  { steps }: RehearsalOptions,
  { clock, next }: { readonly next: MailReceiver; readonly clock: Clock },
): MailReceiver {
  const seen = new Set<string>();
  const isFirst = (reversePath: ReversePath, recipient: ForwardPath): boolean => {
    const key = `${formatPath(reversePath)} ${mailboxKey(recipient)}`;
    if (seen.has(key)) return false;
    const [oldest] = seen;
    if (seen.size >= MAX_REMEMBERED && oldest !== undefined) seen.delete(oldest);
    return seen.add(key).size > 0;
  };
  return {
    results: next.results,
    capabilities: () => next.capabilities(),
    begin: (reversePath, params, context, signal) =>
      new RehearsingTransaction(next.begin(reversePath, params, context, signal), {
        steps,
        clock,
        isFirst: (recipient) => isFirst(reversePath, recipient),
      }),
  };
}

interface Rehearsal extends RehearsalOptions {
  readonly clock: Clock;
  readonly isFirst: (recipient: ForwardPath) => boolean;
}

class RehearsingTransaction implements MailTransaction {
  readonly id: TransactionId;
  readonly opened: Promise<void>;
  readonly #next: MailTransaction;
  readonly #rehearsal: Rehearsal;
  /** What the end of the data meets with. */
  #waitMs = 0;
  #refusal: MailError | undefined;

  constructor(next: MailTransaction, rehearsal: Rehearsal) {
    this.id = next.id;
    this.opened = next.opened;
    this.#next = next;
    this.#rehearsal = rehearsal;
  }

  async recipient(path: ForwardPath, params: RcptParams, signal?: AbortSignal): Promise<void> {
    const { clock, isFirst, steps } = this.#rehearsal;
    const outcome = rehearsedOutcome(path);
    if (outcome === undefined || !steps.includes(outcome.step)) {
      return this.#next.recipient(path, params, signal);
    }
    await this.opened;
    const isLater = outcome.step === 'data';
    if (outcome.kind === 'slow') {
      if (isLater) this.#waitMs = Math.max(this.#waitMs, outcome.waitMs);
      else await wait(clock, outcome.waitMs, signal);
    } else if (isLater) {
      this.#refusal ??= outcome.refusal;
    } else if (outcome.kind === 'refused' || isFirst(path)) {
      throw outcome.refusal;
    }
    return this.#next.recipient(path, params, signal);
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    return this.#next.stage(prefix, signal);
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    await wait(this.#rehearsal.clock, this.#waitMs, signal);
    if (this.#refusal === undefined) return this.#next.commit(signal);
    await this.#next.abort();
    throw this.#refusal;
  }

  abort(): Promise<void> {
    return this.#next.abort();
  }
}

/** @throws MailError what the signal says */
function wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, resolve);
    const onAbort = (): void => {
      timer.cancel();
      reject(asMailError(signal?.reason));
    };
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
