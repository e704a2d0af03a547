/**
 * A receiver that keeps what it takes in memory, and that can be told what to say.
 *
 * It obeys the seam's contract like every other receiver; a script makes it refuse
 * a step or end a recipient in a given outcome. It stands where a test needs to see
 * what crossed the seam, and where a user of the libraries wants a receiver of his
 * own: it is the shortest complete example of one.
 */
import {
  asMailError,
  contentOf,
  enhancedStatus,
  formatMailbox,
  isTaken,
  newTransactionId,
  outcomeOfError,
  refuse,
} from '@posthouse/mail';
import type {
  ContentWriter,
  ForwardPath,
  MailContent,
  MailError,
  MailParams,
  MailReceiver,
  MailTransaction,
  RcptParams,
  ReceiverCapabilities,
  RecipientOutcome,
  ReversePath,
  TransferContext,
} from '@posthouse/mail';

/** A message that was taken, for at least one recipient. */
export interface RecordedMessage {
  readonly id: MailTransaction['id'];
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  readonly context: TransferContext;
  /** Every recipient that was not refused, with its outcome. */
  readonly recipients: readonly RecordedRecipient[];
  readonly content: MailContent;
  /** The content's octets, without the prefix. */
  readonly bytes: Buffer;
}

export interface RecordedRecipient {
  readonly forwardPath: ForwardPath;
  readonly params: RcptParams;
  readonly outcome: RecipientOutcome;
}

/** What to say. Each answer is asked for at its step; `undefined` is yes. */
export interface ReceiverScript {
  readonly results?: MailReceiver['results'];
  readonly capabilities?: Partial<ReceiverCapabilities>;
  readonly onMail?: (reversePath: ReversePath, params: MailParams) => MailError | undefined;
  readonly onRecipient?: (
    forwardPath: ForwardPath,
    params: RcptParams,
  ) => MailError | undefined | Promise<MailError | undefined>;
  /** Asked at the end of the content, and after each chunk with the octets so far. */
  readonly onContent?: (octets: number) => MailError | undefined;
  /** Asked at commit, for each recipient. */
  readonly onCommit?: (forwardPath: ForwardPath) => RecipientOutcome | MailError | undefined;
}

export interface RecordingReceiver extends MailReceiver {
  readonly messages: readonly RecordedMessage[];
  /** Transactions that were begun and have neither been committed nor aborted. */
  readonly open: number;
  /** Resolves with the nth message (from 0), at once where it is here already. */
  message(index: number): Promise<RecordedMessage>;
}

/** Makes a recording receiver. */
export function createRecordingReceiver(script: ReceiverScript = {}): RecordingReceiver {
  const messages: RecordedMessage[] = [];
  const waiting = new Map<number, ((message: RecordedMessage) => void)[]>();
  let open = 0;

  const ledger: Ledger = {
    begun: () => void open++,
    ended: () => void open--,
    take(message) {
      const index = messages.push(message) - 1;
      for (const resolve of waiting.get(index) ?? []) resolve(message);
      waiting.delete(index);
    },
  };
  return {
    results: script.results ?? 'all-or-nothing',
    capabilities: () => ({
      dsn: true,
      smtpUtf8: true,
      eightBitMime: true,
      requireTls: true,
      ...script.capabilities,
    }),
    begin: (reversePath, params, context) =>
      new RecordingTransaction(script, ledger, { reversePath, params, context }),
    messages,
    get open() {
      return open;
    },
    message: (index) =>
      new Promise((resolve) => {
        const message = messages[index];
        if (message !== undefined) return resolve(message);
        waiting.set(index, [...(waiting.get(index) ?? []), resolve]);
      }),
  };
}

interface Ledger {
  begun(): void;
  ended(): void;
  take(message: RecordedMessage): void;
}

type Named = Pick<RecordedRecipient, 'forwardPath' | 'params'>;
type Opening = Pick<RecordedMessage, 'reversePath' | 'params' | 'context'>;

class RecordingTransaction implements MailTransaction {
  readonly id: MailTransaction['id'];
  readonly opened: Promise<void>;
  readonly #script: ReceiverScript;
  readonly #ledger: Ledger;
  readonly #opening: Opening;
  /** In the order of the calls; a refused one leaves its place empty. */
  readonly #recipients: (Named | undefined)[] = [];
  #state: 'open' | 'committing' | 'ended' = 'open';
  #prefix: Uint8Array = new Uint8Array();
  readonly #chunks: Buffer[] = [];

  constructor(script: ReceiverScript, ledger: Ledger, opening: Opening) {
    this.#script = script;
    this.#ledger = ledger;
    this.#opening = opening;
    this.id = newTransactionId(opening.context.arrivedAt);
    ledger.begun();
    const refusal = script.onMail?.(opening.reversePath, opening.params);
    this.opened = refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
    this.opened.catch(() => undefined); // the caller may look later, or only abort
  }

  async recipient(
    forwardPath: ForwardPath,
    params: RcptParams,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#ready(signal);
    const place = this.#recipients.push({ forwardPath, params }) - 1;
    const refusal = await this.#script.onRecipient?.(forwardPath, params);
    await this.#ready(signal);
    if (refusal === undefined) return;
    this.#recipients[place] = undefined;
    throw refusal;
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    this.#prefix = prefix;
    let octets = 0;
    const check = async (): Promise<void> => {
      await this.#ready(signal);
      const refusal = this.#script.onContent?.(octets);
      if (refusal !== undefined) throw refusal;
    };
    return {
      write: async (chunk) => {
        octets += chunk.byteLength;
        this.#chunks.push(Buffer.from(chunk)); // a copy: the caller keeps the memory
        await check();
      },
      end: check,
    };
  }

  async commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    if (this.#state !== 'open') throw new TypeError('the transaction has ended');
    if (signal?.aborted === true) throw asMailError(signal.reason);
    this.#state = 'committing';
    const taken = this.#recipients.filter((recipient) => recipient !== undefined);
    const recipients = taken.map((recipient) => ({
      ...recipient,
      outcome: this.#outcomeOf(recipient.forwardPath),
    }));
    const bytes = Buffer.concat(this.#chunks);
    if (recipients.some((recipient) => isTaken(recipient.outcome))) {
      const content = contentOf(bytes, this.#prefix);
      this.#ledger.take({ id: this.id, ...this.#opening, recipients, content, bytes });
    }
    this.#end();
    return recipients.map((recipient) => recipient.outcome);
  }

  async abort(): Promise<void> {
    if (this.#state === 'open') this.#end();
  }

  /** @throws what ended the transaction, or the caller's deadline */
  async #ready(signal: AbortSignal | undefined): Promise<void> {
    await this.opened;
    if (this.#state !== 'open') throw refuse('local-trouble', { text: 'Transaction was aborted' });
    if (signal?.aborted === true) throw asMailError(signal.reason);
  }

  #outcomeOf(forwardPath: ForwardPath): RecipientOutcome {
    const answer = this.#script.onCommit?.(forwardPath);
    if (answer === undefined) {
      return { kind: 'accepted', status: enhancedStatus(2, 0, 0), id: this.id };
    }
    return answer instanceof Error ? outcomeOfError(answer) : answer;
  }

  #end(): void {
    this.#state = 'ended';
    this.#ledger.ended();
  }
}

/** The addresses of a recorded message, for assertions. */
export function recordedAddresses(message: RecordedMessage): readonly string[] {
  return message.recipients.map((recipient) => formatMailbox(recipient.forwardPath));
}
