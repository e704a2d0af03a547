/**
 * Hands one message to a receiver, or to a session with one, and says what became of each
 * recipient.
 *
 * A recipient that is refused does not hold up the others, and what the receiver says of
 * the content is their outcome. Thrown is only what concerns no recipient: MAIL was
 * refused, or the content could not be read to its end. After a throw the receiver has
 * nothing, unless the error says `inDoubt`.
 */
import type { TransferContext } from './context.ts';
import { MailError, refuse } from './error.ts';
import { outcomeOfError } from './outcome.ts';
import type { RecipientOutcome, RemoteHost } from './outcome.ts';
import type { MailParams, RcptParams } from './parameters.ts';
import type { ForwardPath, ReversePath } from './path.ts';
import { pour } from './content.ts';
import type { MailContent } from './content.ts';
import type { MailReceiver, MailTransaction } from './transfer.ts';

/** A message with its envelope. */
export interface HandedMessage {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  /** At least one. */
  readonly recipients: readonly {
    readonly forwardPath: ForwardPath;
    readonly params: RcptParams;
  }[];
  readonly content: MailContent;
  readonly context: TransferContext;
}

/** Whom it is handed to; `peer` is the host in refusals that name none. */
interface Taker extends Pick<MailReceiver, 'begin'> {
  readonly peer?: RemoteHost;
}

/** @returns one outcome for each recipient, in their order @throws MailError MAIL is refused; what the content's source throws */
export async function handOver(
  taker: Taker,
  message: HandedMessage,
  signal?: AbortSignal,
): Promise<readonly RecipientOutcome[]> {
  const { content, context, params, recipients, reversePath } = message;
  const transaction = taker.begin(reversePath, params, context, signal);
  const answers = await Promise.allSettled(
    recipients.map((one) => transaction.recipient(one.forwardPath, one.params, signal)),
  );
  try {
    await transaction.opened;
    const refusals = answers.map((answer) =>
      answer.status === 'rejected' ? outcomeOfError(answer.reason, taker.peer) : undefined,
    );
    const isWanted = refusals.includes(undefined);
    return merge(refusals, isWanted ? await sendContent(content, transaction, signal) : []);
  } finally {
    await transaction.abort(); // without effect once it was committed
  }
}

/** One outcome for each recipient that was accepted, or one error for all of them. */
async function sendContent(
  content: MailContent,
  transaction: MailTransaction,
  signal: AbortSignal | undefined,
): Promise<readonly RecipientOutcome[] | MailError> {
  try {
    await pour(content, transaction.stage(content.prefix, signal));
  } catch (error) {
    // The receiver may refuse in the middle; what the content's own source throws is a fault.
    if (error instanceof MailError) return error;
    throw error;
  }
  return transaction.commit(signal);
}

function merge(
  refusals: readonly (RecipientOutcome | undefined)[],
  taken: readonly RecipientOutcome[] | MailError,
): readonly RecipientOutcome[] {
  let next = 0;
  return refusals.map((refusal) => {
    if (refusal !== undefined) return refusal;
    const outcome = taken instanceof MailError ? outcomeOfError(taken) : taken[next++];
    return outcome ?? outcomeOfError(refuse('local-trouble'));
  });
}
