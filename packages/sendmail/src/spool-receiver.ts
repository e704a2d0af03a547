/** The spool as a receiver: every recipient is taken, and the commit is the spool's promise. */
import { newTransactionId, refuse } from '@posthouse/mail';
import type {
  ForwardPath,
  MailParams,
  MailReceiver,
  MailTransaction,
  RcptParams,
  RecipientOutcome,
  ReversePath,
  TransactionId,
} from '@posthouse/mail';
import type { HeldContent } from './held-content.ts';
import type { SendmailPlace } from './send.ts';
import type { SpooledRecipient } from './spooled-message.ts';

type ReceiverPlace = Pick<SendmailPlace, 'clock' | 'spool'>;

export function createSpoolReceiver(place: ReceiverPlace): MailReceiver {
  return {
    results: 'all-or-nothing',
    capabilities: () => ({ dsn: true, smtpUtf8: true, eightBitMime: true, requireTls: false }),
    begin: (reversePath, params) => new SpoolTransaction(reversePath, params, place),
  };
}

class SpoolTransaction implements MailTransaction {
  readonly id: TransactionId;
  readonly opened: Promise<void> = Promise.resolve();
  readonly #reversePath: ReversePath;
  readonly #params: MailParams;
  readonly #place: ReceiverPlace;
  readonly #recipients: SpooledRecipient[] = [];
  readonly #content: HeldContent;
  #ended = false;

  constructor(reversePath: ReversePath, params: MailParams, place: ReceiverPlace) {
    this.id = newTransactionId(place.clock.now());
    this.#reversePath = reversePath;
    this.#params = params;
    this.#place = place;
    this.#content = place.spool.hold(this.id);
  }

  recipient(forwardPath: ForwardPath, params: RcptParams): Promise<void> {
    if (this.#ended) return Promise.reject(refuse('local-trouble'));
    this.#recipients.push({ forwardPath, params });
    return Promise.resolve();
  }

  stage(prefix: Uint8Array): HeldContent {
    void prefix; // a local program's message has passed no host yet
    return this.#content;
  }

  async commit(): Promise<readonly RecipientOutcome[]> {
    if (this.#ended) throw refuse('local-trouble');
    this.#ended = true;
    const { clock, spool } = this.#place;
    const message = {
      id: this.id,
      reversePath: this.#reversePath,
      params: this.#params,
      recipients: this.#recipients,
      takenAt: clock.now(),
    };
    try {
      await spool.keep(message, this.#content);
    } catch (cause) {
      throw refuse('insufficient-storage', { cause });
    }
    const status = { class: 2, subject: 0, detail: 0 } as const;
    return this.#recipients.map(() => ({ kind: 'accepted', status, id: this.id }));
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#content.discard();
  }
}
