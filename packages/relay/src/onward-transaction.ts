/**
 * A transaction of the queue as the ingress uses it: recipients that are asked for
 * twice under one key are named once, and each knows its outcome after the commit.
 */
import { refuse } from '@posthouse/mail';
import type {
  ContentWriter,
  Mailbox,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
  TransactionId,
} from '@posthouse/mail';

/** A recipient that the queue has taken note of. */
export interface OnwardRecipient {
  /** After the commit. @throws MailError before */
  outcome(): RecipientOutcome;
}

export interface OnwardOptions {
  /** Recipients of one key are one. */
  readonly key: string;
  readonly signal: AbortSignal | undefined;
}

interface Call {
  state: 'asked' | 'taken' | 'refused';
  /** Since the commit. */
  outcome: RecipientOutcome | undefined;
}

/** Keeps the books of one onward transaction. */
export class OnwardTransaction {
  readonly #transaction: MailTransaction;
  readonly #calls: Call[] = [];
  readonly #byKey = new Map<string, Promise<OnwardRecipient>>();

  constructor(transaction: MailTransaction) {
    this.#transaction = transaction;
  }

  get id(): TransactionId {
    return this.#transaction.id;
  }

  get opened(): Promise<void> {
    return this.#transaction.opened;
  }

  /** Whether any recipient was taken. */
  get used(): boolean {
    return this.#calls.some((call) => call.state === 'taken');
  }

  /** Whether a recipient of this key was named. */
  knows(key: string): boolean {
    return this.#byKey.has(key);
  }

  recipient(path: Mailbox, params: RcptParams, options: OnwardOptions): Promise<OnwardRecipient> {
    const known = this.#byKey.get(options.key);
    if (known !== undefined) return known;
    const named = this.#name(path, params, options.signal);
    this.#byKey.set(options.key, named);
    return named;
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    return this.#transaction.stage(prefix, signal);
  }

  /** Each call that was taken gets its outcome: they stand in the order of the calls (seam). */
  async commit(signal?: AbortSignal): Promise<void> {
    const outcomes = await this.#transaction.commit(signal);
    const taken = this.#calls.filter((call) => call.state === 'taken');
    for (const [place, call] of taken.entries()) call.outcome = outcomes[place];
  }

  abort(): Promise<void> {
    return this.#transaction.abort();
  }

  async #name(path: Mailbox, params: RcptParams, signal?: AbortSignal): Promise<OnwardRecipient> {
    const call: Call = { state: 'asked', outcome: undefined };
    this.#calls.push(call);
    try {
      await this.#transaction.recipient(path, params, signal);
    } catch (error) {
      call.state = 'refused';
      throw error;
    }
    call.state = 'taken';
    return { outcome: () => outcomeOf(call) };
  }
}

function outcomeOf({ outcome }: Call): RecipientOutcome {
  if (outcome === undefined) throw refuse('local-trouble', { text: 'A recipient has no outcome' });
  return outcome;
}
