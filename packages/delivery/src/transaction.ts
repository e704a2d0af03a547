/**
 * One message on its way into mailboxes.
 *
 * RCPT is answered from the directory and, where there is a quota, from the mailbox's size.
 * The content is staged once; commit writes a copy for each recipient, a few at a time, and
 * gives each its own outcome. Nothing of an aborted transaction is left.
 */
import type { AccountMatch, Directory } from '@posthouse/directory';
import { asMailError, mailboxKey, newTransactionId, refuse, tooLarge } from '@posthouse/mail';
import type {
  ContentWriter,
  ForwardPath,
  MailError,
  MailParams,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
  ReversePath,
  TransactionId,
  TransferContext,
} from '@posthouse/mail';
import { ContentStage } from './content-stage.ts';
import type { Scratch, StagedContent } from './content-stage.ts';
import type { CopyRecipient, MailboxDelivery } from './mailbox-delivery.ts';
import { maildirPath } from './maildir/folders.ts';
import type { ResolvedDeliveryOptions } from './options.ts';
import type { QuotaBook } from './quota/quota-book.ts';
import { refusalOfFault } from './trouble.ts';

/** What MAIL brought. */
export interface Opening {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  readonly context: TransferContext;
}

/** What a transaction works with. */
export interface TransactionDeps {
  readonly options: ResolvedDeliveryOptions;
  readonly directory: Pick<Directory, 'accountAt'>;
  readonly scratch: Scratch;
  readonly quota: QuotaBook;
  readonly delivery: MailboxDelivery;
  readonly now: () => number;
  /** Whether new messages are taken. */
  readonly isOpen: () => boolean;
  /** Told when a commit begins, with a promise of its end. */
  readonly committing: (commit: Promise<unknown>) => void;
}

const MAX_COPIES_AT_ONCE = 8;
const OPENED: Promise<void> = Promise.resolve();

export class DeliveryTransaction implements MailTransaction {
  readonly id: TransactionId;
  readonly opened: Promise<void>;
  readonly #opening: Opening;
  readonly #deps: TransactionDeps;
  /** Why it was never open. */
  readonly #refusal: MailError | undefined;
  /** In the order of the calls; one that is refused, or not answered yet, leaves its place empty. */
  readonly #recipients: (CopyRecipient | undefined)[] = [];
  #taken = 0;
  #state: 'open' | 'committing' | 'ended' = 'open';
  #stage: ContentStage | undefined;
  #prefix: Uint8Array = new Uint8Array();
  #content: StagedContent | undefined;

  constructor(opening: Opening, deps: TransactionDeps) {
    this.#opening = opening;
    this.#deps = deps;
    this.id = newTransactionId(deps.now());
    this.#refusal = refusalOfOpening(opening, deps);
    this.opened = this.#refusal === undefined ? OPENED : Promise.reject(this.#refusal);
    this.opened.catch(() => undefined); // the caller may look later, or only abort
  }

  async recipient(
    forwardPath: ForwardPath,
    _params: RcptParams,
    signal?: AbortSignal,
  ): Promise<void> {
    const place = this.#recipients.push(undefined) - 1;
    this.#check(signal);
    const { options, directory } = this.#deps;
    if (this.#taken >= options.maxRecipients) throw refuse('too-many-recipients');
    const match = directory.accountAt(forwardPath);
    if (match === undefined) throw refuse('no-such-mailbox');
    const { quotaBytes } = match.account;
    if (quotaBytes !== undefined) {
      await this.#checkRoom(match, quotaBytes);
      this.#check(signal);
    }
    this.#taken += 1;
    this.#recipients[place] = { forwardPath, match, occurrence: 0 };
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    if (this.#stage !== undefined) throw new TypeError('the content was staged before');
    const stage = new ContentStage(this.#deps.scratch, this.#opening.context.delivery);
    this.#stage = stage;
    this.#prefix = Buffer.from(prefix); // a copy: the caller keeps the memory
    const { maxMessageBytes } = this.#deps.options;
    return {
      write: async (chunk) => {
        this.#check(signal);
        if (stage.receivedBytes + chunk.byteLength > maxMessageBytes) {
          throw tooLarge(maxMessageBytes);
        }
        await this.#taking(stage.write(chunk));
      },
      end: async () => {
        this.#check(signal);
        this.#content = await this.#taking(stage.end());
      },
    };
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    const content = this.#content;
    if (this.#state !== 'open') throw refuse('local-trouble', { text: 'Transaction has ended' });
    if (content === undefined) throw new TypeError('there is no content to commit');
    if (signal?.aborted === true) throw asMailError(signal.reason);
    this.#state = 'committing';
    const committed = this.#deliver(content);
    this.#deps.committing(committed);
    return committed;
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    await this.#stage?.discard();
  }

  /** @throws what ended the transaction, or the caller's deadline */
  #check(signal: AbortSignal | undefined): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#state !== 'open') throw refuse('local-trouble', { text: 'Transaction was aborted' });
    if (signal?.aborted === true) throw asMailError(signal.reason);
  }

  /** Early, so that a message need not be sent for nothing: by the size that MAIL declared. */
  async #checkRoom({ account }: AccountMatch, quotaBytes: number): Promise<void> {
    const { mailbox } = account;
    const maildir = maildirPath(this.#deps.options.mailDirectory, mailbox);
    const { sizeBytes = 0 } = this.#opening.params;
    try {
      await this.#deps.quota.check({ maildir, quotaBytes }, sizeBytes);
    } catch (error) {
      throw refusalOfFault(error);
    }
  }

  /** A fault of the stage ends the transaction. */
  async #taking<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (error) {
      await this.abort();
      throw refusalOfFault(error);
    }
  }

  async #deliver(content: StagedContent): Promise<readonly RecipientOutcome[]> {
    const { reversePath, context } = this.#opening;
    const message = { id: this.id, reversePath, context, prefix: this.#prefix, content };
    try {
      return await inGroups(numbered(this.#recipients), (recipient) =>
        this.#deps.delivery.deliver(message, recipient),
      );
    } finally {
      this.#state = 'ended';
      await this.#stage?.discard();
    }
  }
}

function refusalOfOpening(
  { params }: Opening,
  { isOpen, options }: TransactionDeps,
): MailError | undefined {
  if (!isOpen()) return refuse('shutting-down');
  const { sizeBytes = 0 } = params;
  return sizeBytes > options.maxMessageBytes ? tooLarge(options.maxMessageBytes) : undefined;
}

/** Those that were taken, each told which of its equals it is. */
function numbered(recipients: readonly (CopyRecipient | undefined)[]): readonly CopyRecipient[] {
  const counts = new Map<string, number>();
  return recipients
    .filter((recipient) => recipient !== undefined)
    .map((recipient) => {
      const key = mailboxKey(recipient.forwardPath);
      const occurrence = counts.get(key) ?? 0;
      counts.set(key, occurrence + 1);
      return { ...recipient, occurrence };
    });
}

/** Maps in order, a few at a time. */
async function inGroups<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += MAX_COPIES_AT_ONCE) {
    const group = items.slice(start, start + MAX_COPIES_AT_ONCE);
    results.push(...(await Promise.all(group.map(work))));
  }
  return results;
}
