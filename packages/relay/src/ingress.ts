/**
 * The relay's way in: a receiver that lets recipients in or not, expands aliases and
 * lists, stops messages that go round, and hands everything else to the queue.
 *
 * One RCPT may become many recipients of the queue, and several the same one; each is still
 * answered once: its outcome is good only if all of theirs are. Recipients of a list with an owner travel
 * in a transaction of their own, because their reverse-path is the owner's. Those are
 * committed before the main one, so that a fault in between doubles a list's copies at
 * worst and loses nothing.
 *
 * RFC 5321 §3.9 (expansion), §6.3 (loops), §4.1.1.3; RFC 3461 §5.2.7 (aliases and lists).
 */
import {
  countHops,
  createHeaderGate,
  formatMailbox,
  isTaken,
  mailboxKey,
  needsSmtpUtf8,
  refuse,
} from '@posthouse/mail';
import type {
  ContentWriter,
  ForwardPath,
  HeaderSection,
  MailParams,
  MailReceiver,
  MailTransaction,
  Mailbox,
  RcptParams,
  RecipientOutcome,
  ReversePath,
  TransactionId,
  TransferContext,
} from '@posthouse/mail';
import { admitRecipient } from './admission.ts';
import type { Admission, AdmissionDeps } from './admission.ts';
import { OnwardTransaction } from './onward-transaction.ts';
import type { OnwardRecipient } from './onward-transaction.ts';

export interface IngressOptions {
  /** Received fields that a message may have; one more and it goes round (RFC 5321 §6.3 asks for 100 at least). */
  readonly maxHops: number;
  readonly maxHeaderBytes: number;
}

export interface IngressDeps extends AdmissionDeps {
  /** The queue. */
  readonly next: MailReceiver;
}

/** Puts the relay's admission in front of a queue. */
export function createIngress(options: IngressOptions, deps: IngressDeps): MailReceiver {
  return {
    results: deps.next.results,
    capabilities: () => deps.next.capabilities(),
    begin: (reversePath, params, context, signal) =>
      new IngressTransaction({ options, deps, reversePath, params, context, signal }),
  };
}

interface Opening {
  readonly options: IngressOptions;
  readonly deps: IngressDeps;
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  readonly context: TransferContext;
  readonly signal: AbortSignal | undefined;
}

class IngressTransaction implements MailTransaction {
  readonly id: TransactionId;
  readonly opened: Promise<void>;
  readonly #opening: Opening;
  readonly #main: OnwardTransaction;
  /** One for each list owner, under the owner's address. */
  readonly #lists = new Map<string, OnwardTransaction>();
  /** For each call of `recipient`, what it became; `undefined` where it was refused. */
  readonly #named: (readonly OnwardRecipient[] | undefined)[] = [];
  #onward = 0;
  #ended = false;

  constructor(opening: Opening) {
    this.#opening = opening;
    this.#main = this.#open(opening.reversePath);
    this.id = this.#main.id;
    this.opened = this.#main.opened;
  }

  async recipient(path: ForwardPath, params: RcptParams, signal?: AbortSignal): Promise<void> {
    const place = this.#named.push(undefined) - 1;
    const { context, deps, reversePath } = this.#opening;
    await this.opened;
    const admission = await admitRecipient(path, reversePath, context, deps);
    if (this.#ended) throw refuse('local-trouble', { text: 'Transaction was aborted' });
    const transaction = this.#transactionFor(admission);
    await transaction.opened;
    const onward = paramsFor(path, params, admission);
    const copies = admission.finals.map((final) => ({ final, key: this.#copyOf(final, onward) }));
    this.#count(copies.filter(({ key }) => !transaction.knows(key)).length);
    this.#named[place] = await Promise.all(
      copies.map(({ final, key }) => transaction.recipient(final, onward, { key, signal })),
    );
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    const hops = countPrefixHops(prefix);
    const writers = this.#used().map((transaction) => transaction.stage(prefix, signal));
    const { maxHeaderBytes } = this.#opening.options;
    return createHeaderGate(joined(writers), maxHeaderBytes, (section) =>
      this.#passHeader(section, hops),
    );
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    if (this.#ended) throw refuse('local-trouble', { text: 'Transaction was aborted' });
    this.#ended = true;
    const used = this.#used();
    const unused = this.#all().filter((transaction) => !transaction.used);
    await Promise.all(unused.map((transaction) => transaction.abort()));
    try {
      for (const transaction of used) await transaction.commit(signal);
    } catch (error) {
      await Promise.all(used.map((transaction) => transaction.abort())); // those that are not committed
      throw error;
    }
    return this.#named.flatMap((onward) =>
      onward === undefined ? [] : [fold(onward.map((recipient) => recipient.outcome()))],
    );
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await Promise.all(this.#all().map((transaction) => transaction.abort()));
  }

  /**
   * However many recipients lead to one mailbox, it gets one copy (decision 14). Where they ask for
   * different notifications they stay apart: none that was asked for may be lost.
   */
  #copyOf(final: Mailbox, { notify }: RcptParams): string {
    const isOwn = this.#opening.deps.directory.isOwnDomain(final.domain);
    const mailbox = isOwn ? mailboxKey(final) : formatMailbox(final);
    return JSON.stringify([mailbox, notify]);
  }

  #open(reversePath: ReversePath): OnwardTransaction {
    const { context, deps, params, signal } = this.#opening;
    return new OnwardTransaction(deps.next.begin(reversePath, params, context, signal));
  }

  #transactionFor(admission: Admission): OnwardTransaction {
    if (admission.owner === undefined) return this.#main;
    const key = formatMailbox(admission.owner);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const opened = this.#open(admission.owner);
    this.#lists.set(key, opened);
    return opened;
  }

  /** Before the first of a group is named, so that a group enters whole or not at all (decision 1). */
  #count(recipients: number): void {
    const max = this.#opening.deps.next.capabilities().maxRecipients ?? Infinity;
    if (this.#onward + recipients > max) throw refuse('too-many-recipients');
    this.#onward += recipients;
  }

  /** Lists first, the author's own transaction last. */
  #all(): readonly OnwardTransaction[] {
    return [...this.#lists.values(), this.#main];
  }

  #used(): readonly OnwardTransaction[] {
    return this.#all().filter((transaction) => transaction.used);
  }

  /** Looks at the header section, and leaves it as it is. @throws MailError */
  #passHeader(section: HeaderSection, prefixHops: number): undefined {
    if (countHops(section) + prefixHops > this.#opening.options.maxHops)
      throw refuse('too-many-hops');
  }
}

/** ORCPT keeps the address that the author wrote; a list's notifications concern its owner alone (RFC 3461 §5.2.7). */
function paramsFor(path: Mailbox, params: RcptParams, admission: Admission): RcptParams {
  if (!admission.expanded) return params;
  const type = needsSmtpUtf8(path) ? 'utf-8' : 'rfc822';
  const orcpt = params.orcpt ?? { type, address: formatMailbox(path) };
  return admission.owner === undefined ? { ...params, orcpt } : { orcpt };
}

function fold(outcomes: readonly RecipientOutcome[]): RecipientOutcome {
  const outcome = outcomes.find((each) => !isTaken(each)) ?? outcomes[0];
  if (outcome === undefined)
    throw new TypeError('an admitted recipient has at least one final address');
  return outcome;
}

function joined(writers: readonly ContentWriter[]): ContentWriter {
  const [only] = writers;
  if (writers.length === 1 && only !== undefined) return only;
  const all = async (step: (writer: ContentWriter) => Promise<void>): Promise<void> => {
    await Promise.all(writers.map(step));
  };
  return {
    write: (chunk) => all((writer) => writer.write(chunk)),
    end: () => all((writer) => writer.end()),
  };
}

function countPrefixHops(prefix: Uint8Array): number {
  const text = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength).toString('latin1');
  return text.match(/^received[ \t]*:/gim)?.length ?? 0;
}
