/**
 * Hands a message to a submission server, as a mail program does, and says what became of
 * each recipient.
 *
 * A recipient that is refused does not hold up the others. What the server says of the
 * message stands in the receipt; thrown is only what concerns no recipient: there was no
 * session, MAIL was refused, or the content could not be read to its end. After a throw the
 * server has nothing, unless the error says `inDoubt`. Nothing is sent twice.
 *
 * RFC 6409; RFC 8314 (TLS); RFC 3461 (notifications).
 */
import { handOver, localContext, silentLogger, systemClock } from '@posthouse/mail';
import type {
  Clock,
  EnvelopeId,
  ForwardPath,
  Logger,
  MailContent,
  MailParams,
  Notify,
  RecipientOutcome,
  ReversePath,
  TransferContext,
} from '@posthouse/mail';
import type { ClientSession, OnLine } from '@posthouse/smtp';
import { receiptOf } from './receipt.ts';
import type { Receipt } from './receipt.ts';
import { targetOf } from './submission-server.ts';
import type { SubmissionServer } from './submission-server.ts';

/** What is submitted; `compose` makes one. */
export interface OutgoingMessage {
  readonly reversePath: ReversePath;
  readonly recipients: readonly ForwardPath[];
  readonly params: MailParams;
  readonly content: MailContent;
}

/** What the author wants to be told later, and how long to wait now. */
export interface SubmissionOptions {
  /** When a notification is wanted. @default the server's choice, mostly failure and delay */
  readonly notify?: Notify | undefined;
  /** How much of the message a notification of failure returns. @default the server's choice */
  readonly ret?: 'FULL' | 'HDRS' | undefined;
  /** Comes back in notifications. */
  readonly envid?: EnvelopeId | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SubmissionDeps {
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Gets the conversation with the server line by line, secrets left out. */
  readonly onLine?: OnLine | undefined;
}

/** Submits. @throws MailError no session, or MAIL refused; what the content's source throws */
export async function submit(
  message: OutgoingMessage,
  server: SubmissionServer,
  options: SubmissionOptions = {},
  deps: SubmissionDeps = {},
): Promise<Receipt> {
  if (message.recipients.length === 0) throw new TypeError('a message needs a recipient');
  const { clock = systemClock, logger = silentLogger, onLine } = deps;
  const { connect } = await import('@posthouse/smtp'); // reading mail does without it
  const session = await connect(targetOf(server), { clock, logger, onLine }, options.signal);
  try {
    const outcomes = await transfer(message, session, options, localContext(clock.now()));
    return receiptOf(message.recipients, session, outcomes);
  } finally {
    await session.quit();
  }
}

async function transfer(
  message: OutgoingMessage,
  session: ClientSession,
  options: SubmissionOptions,
  context: TransferContext,
): Promise<readonly RecipientOutcome[]> {
  const { content } = message;
  const { signal } = options;
  const params: MailParams = {
    ...message.params,
    sizeBytes: content.prefix.byteLength + content.sizeBytes,
    ...(options.ret === undefined ? {} : { ret: options.ret }),
    ...(options.envid === undefined ? {} : { envid: options.envid }),
  };
  const rcptParams = options.notify === undefined ? {} : { notify: options.notify };
  const recipients = message.recipients.map((forwardPath) => ({ forwardPath, params: rcptParams }));
  return handOver(session, { ...message, params, recipients, context }, signal);
}
