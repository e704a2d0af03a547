/** A transaction whose header section is repaired on its way to the next receiver; all else is the next one's. */
import { createHeaderGate } from '@posthouse/mail';
import type {
  ContentWriter,
  ForwardPath,
  HeaderSection,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
  TransactionId,
} from '@posthouse/mail';

/** What is done on the way. */
export interface Repair {
  /** Largest header section, which is held in memory. */
  readonly maxHeaderBytes: number;
  /** Asked before each recipient. @throws MailError it is refused */
  admitRecipient(): void;
  /** The section to send in its place. @throws MailError the message is refused */
  header(section: HeaderSection): Buffer;
}

export class RepairingTransaction implements MailTransaction {
  readonly id: TransactionId;
  readonly opened: Promise<void>;
  readonly #next: MailTransaction;
  readonly #repair: Repair;

  constructor(next: MailTransaction, repair: Repair) {
    this.id = next.id;
    this.opened = next.opened;
    this.#next = next;
    this.#repair = repair;
  }

  async recipient(path: ForwardPath, params: RcptParams, signal?: AbortSignal): Promise<void> {
    this.#repair.admitRecipient();
    await this.#next.recipient(path, params, signal);
  }

  stage(prefix: Uint8Array, signal?: AbortSignal): ContentWriter {
    const { maxHeaderBytes } = this.#repair;
    return createHeaderGate(this.#next.stage(prefix, signal), maxHeaderBytes, (section) =>
      this.#repair.header(section),
    );
  }

  commit(signal?: AbortSignal): Promise<readonly RecipientOutcome[]> {
    return this.#next.commit(signal);
  }

  abort(): Promise<void> {
    return this.#next.abort();
  }
}
