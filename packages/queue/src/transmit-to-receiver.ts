/**
 * A transmitter over any receiver: a mailbox in this process, another queue, a next
 * hop.
 *
 * Every refusal becomes an outcome of the recipients that it concerns. What the
 * receiver cannot keep is not asked of it: DSN parameters are left out, as their duty
 * stays here then (RFC 3461 §5.2.2); mail that it may not carry fails with proof.
 * A receiver that takes few recipients at once gets them in several transactions, whether it
 * said so before or says it then.
 */
import { createReply, isTaken, outcomeOfError, pour, refuse } from '@posthouse/mail';
import type {
  MailError,
  MailParams,
  MailReceiver,
  MailTransaction,
  RcptParams,
  ReceiverCapabilities,
  RecipientOutcome,
} from '@posthouse/mail';
import type { RecipientRecord } from './record.ts';
import type { Attempt, Transmitter } from './transmitter.ts';

/** Makes a transmitter that hands everything to the receiver. */
export function transmitToReceiver(receiver: MailReceiver): Transmitter {
  return {
    async transmit(attempt) {
      const capabilities = receiver.capabilities();
      const refusal = unsupported(attempt.message.params, capabilities);
      if (refusal !== undefined) return attempt.recipients.map(() => outcomeOfError(refusal));
      const { maxRecipients = Infinity } = capabilities;
      const outcomes = new Map<RecipientRecord, RecipientOutcome>();
      let open = attempt.recipients;
      while (open.length > 0) {
        const recipients = open.slice(0, maxRecipients);
        const answers = await transact(receiver, { ...attempt, recipients }, capabilities.dsn);
        for (const [i, recipient] of recipients.entries()) {
          outcomes.set(recipient, answers[i] ?? tooFewOutcomes());
        }
        open = [...left(recipients, answers), ...open.slice(recipients.length)];
      }
      return attempt.recipients.map((recipient) => outcomes.get(recipient) ?? tooFewOutcomes());
    },
  };
}

/**
 * Whom a receiver that has taken the message for others had no room for in that transaction: they
 * are named again at once, in another one (RFC 5321 §4.5.3.1.8).
 */
function left(
  recipients: readonly RecipientRecord[],
  outcomes: readonly RecipientOutcome[],
): readonly RecipientRecord[] {
  if (!outcomes.some(isTaken)) return [];
  return recipients.filter((_, i) => wasOneTooMany(outcomes[i]));
}

/** 452, which old servers say as 552; with X.5.3, or nothing that says what it was (§4.5.3.1.10). */
function wasOneTooMany(outcome: RecipientOutcome | undefined): boolean {
  if (outcome?.kind !== 'delayed') return false;
  const { reply, status } = outcome;
  if (status.subject === 5 && status.detail === 3) return true;
  return (reply?.code === 452 || reply?.code === 552) && reply.status === undefined;
}

function tooFewOutcomes(): RecipientOutcome {
  return outcomeOfError(new TypeError('the receiver gave too few outcomes'));
}

async function transact(
  receiver: MailReceiver,
  attempt: Attempt,
  dsn: boolean,
): Promise<readonly RecipientOutcome[]> {
  const { message, recipients, context, signal } = attempt;
  const transaction = receiver.begin(message.reversePath, paramsOf(attempt, dsn), context, signal);
  const asked = recipients.map(({ forwardPath, params }) =>
    transaction.recipient(forwardPath, dsn ? params : NO_RCPT_PARAMS, signal),
  );
  const ahead = receiver.stagesAhead === true ? handOver(transaction, attempt) : undefined;
  const [opened, ...answers] = await Promise.allSettled([transaction.opened, ...asked]);
  const isAnyTaken = answers.some(({ status }) => status === 'fulfilled');
  const handed = await (ahead ?? (isAnyTaken ? handOver(transaction, attempt) : undefined));
  if (handed?.outcomes === undefined) await transaction.abort();
  if (opened.status === 'rejected') return recipients.map(() => outcomeOfError(opened.reason));
  let next = 0;
  return answers.map((answer) => {
    if (answer.status === 'rejected') return outcomeOfError(answer.reason);
    if (handed?.outcomes === undefined) return outcomeOfError(handed?.error);
    const outcome = handed.outcomes[next++];
    return outcome === undefined ? tooFewOutcomes() : responsible(outcome, dsn);
  });
}

interface HandedOver {
  readonly outcomes?: readonly RecipientOutcome[];
  /** Whatever ended it before the commit, ended it for all. */
  readonly error?: unknown;
}

/** Content and commit. Never rejects. */
async function handOver(
  transaction: MailTransaction,
  { content, signal }: Attempt,
): Promise<HandedOver> {
  try {
    await pour(content, transaction.stage(content.prefix, signal));
    return { outcomes: await transaction.commit(signal) };
  } catch (error) {
    return { error };
  }
}

/** Who has accepted has taken over the recipient, and will tell of its fate if it can (RFC 3461 §5.2.2). */
function responsible(outcome: RecipientOutcome, dsn: boolean): RecipientOutcome {
  if (outcome.kind !== 'accepted') return outcome;
  const { id, ...spoken } = outcome;
  const reply =
    outcome.reply ?? createReply(250, outcome.status, `Accepted as ${id ?? 'promised'}`);
  return { ...spoken, kind: 'relayed', reply, notifies: dsn };
}

const NO_RCPT_PARAMS: RcptParams = {};

/** The message's own, but for DSN where it is not kept; the size is that of all that is sent (RFC 1870 §3). */
function paramsOf({ content, message }: Attempt, dsn: boolean): MailParams {
  const sizeBytes = content.prefix.byteLength + content.sizeBytes;
  const { ret: _ret, envid: _envid, ...withoutDsn } = message.params;
  return { ...(dsn ? message.params : withoutDsn), sizeBytes };
}

/** What the message needs and the receiver lacks. */
function unsupported(
  params: MailParams,
  capabilities: ReceiverCapabilities,
): MailError | undefined {
  if (params.smtpUtf8 === true && !capabilities.smtpUtf8) return refuse('smtputf8-unsupported');
  if (params.requireTls === true && !capabilities.requireTls) {
    return refuse('requiretls-unsupported');
  }
  if (params.body === '8BITMIME' && !capabilities.eightBitMime) {
    return refuse('eight-bit-unsupported');
  }
  return undefined;
}
