/**
 * What a session tells the log: one event per fact, never content, never secrets.
 *
 * What passes and what is refused is `info`, a fault of ours is `error` with its cause,
 * once. The coming and going of sessions is `debug`.
 */
import { asMailError, formatMailbox, formatPath, replyText } from '@posthouse/mail';
import type { ForwardPath, Logger, MailError, RecipientOutcome, Reply } from '@posthouse/mail';
import type { IncomingMail } from './incoming-mail.ts';
import type { SessionFacts } from './session-policy.ts';

/** The step that was refused. */
export type RefusedStep = 'connection' | 'login' | 'sender' | 'recipient' | 'message' | 'command';

/** The log of one session. */
export class SessionLog {
  readonly #logger: Logger;
  readonly #facts: () => SessionFacts;

  constructor(logger: Logger, facts: () => SessionFacts) {
    this.#logger = logger;
    this.#facts = facts;
  }

  opened(): void {
    this.#logger.debug({ event: 'session-opened', ...this.#who() }, 'session opened');
  }

  closed(): void {
    this.#logger.debug({ event: 'session-closed', ...this.#who() }, 'session closed');
  }

  /** The connection or its TLS handshake broke. */
  broken(error: Error): void {
    this.#logger.debug(
      { event: 'session-broken', ...this.#who(), reason: error.message },
      'the connection broke',
    );
  }

  accepted(mail: IncomingMail, outcomes: readonly RecipientOutcome[], sizeBytes: number): void {
    const { context, reversePath } = mail.envelope;
    // As the client is told: a queue may have taken it under another id than the transaction's.
    const taken = outcomes.find((outcome) => outcome.kind === 'accepted');
    this.#logger.info(
      {
        event: 'message-accepted',
        ...this.#who(),
        queueId: taken?.id ?? mail.id,
        traceId: context.traceId,
        reversePath: formatPath(reversePath),
        recipients: mail.recipientCount,
        sizeBytes,
      },
      'message accepted',
    );
  }

  /** The receiver's answer to a message, or to one of its recipients, that was not taken. */
  notTaken(mail: IncomingMail, recipient: ForwardPath | undefined, reply: Reply): void {
    this.#logger.info(
      {
        event: 'message-refused',
        ...this.#who(),
        queueId: mail.id,
        ...(recipient === undefined ? {} : { recipient: formatMailbox(recipient) }),
        reply: replyText(reply),
      },
      'message not taken',
    );
  }

  /** We end the session. */
  cutOff(error: MailError): MailError {
    this.#logger.info(
      { event: 'session-cut-off', ...this.#who(), reply: replyText(error.reply) },
      'session cut off',
    );
    return error;
  }

  /** What is thrown becomes a MailError here, and is told. */
  refused(
    step: RefusedStep,
    thrown: unknown,
    fields: Readonly<Record<string, unknown>> = {},
  ): MailError {
    const error = asMailError(thrown);
    const told = { event: `${step}-refused`, ...this.#who(), ...fields, ...error.fields };
    const reply = replyText(error.reply);
    if (error.cause !== undefined && error.origin === 'ourselves' && !error.permanent) {
      this.#logger.error({ ...told, reply, err: error.cause }, 'a fault of ours');
    } else if (step === 'command' || error.code === 'command-sequence') {
      this.#logger.debug({ ...told, reply }, 'command refused');
    } else {
      this.#logger.info({ ...told, reply }, `${step} refused`);
    }
    return error;
  }

  #who(): Readonly<Record<string, unknown>> {
    const { id, identity, peer, greeting } = this.#facts();
    return {
      session: id,
      peer: peer.address,
      ...(greeting === '' ? {} : { greeting }),
      ...(identity === undefined ? {} : { account: identity.account }),
    };
  }
}
