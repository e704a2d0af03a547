/**
 * The replies after the mail data, from what became of the recipients.
 *
 * LMTP answers each recipient (RFC 2033 §4.2). SMTP has one reply for all: it is positive
 * only where every recipient was taken, because what a 250 promises must hold for each.
 */
import { createReply, enhancedStatus, isTaken, readReply } from '@posthouse/mail';
import type { EnhancedStatus, RecipientOutcome, Reply, TransactionId } from '@posthouse/mail';
import { passedOn } from './replies.ts';

const OK = enhancedStatus(2, 0, 0);

/** LMTP's reply for one recipient. */
export function recipientReply(outcome: RecipientOutcome, id: TransactionId): Reply {
  switch (outcome.kind) {
    case 'accepted':
      return createReply(250, OK, `Ok: queued as ${outcome.id ?? id}`);
    case 'relayed':
      return createReply(250, OK, `Ok: relayed as ${id}`);
    case 'delivered':
      return createReply(250, OK, `Ok: delivered as ${id}`);
    case 'delayed':
      return passedOn(outcome.reply ?? replyOf(outcome.reason, outcome.status), false);
    case 'failed':
      return passedOn(outcome.reply ?? replyOf(outcome.reason, outcome.status), true);
    default:
      return unknownOutcome(outcome);
  }
}

/**
 * SMTP's reply for all. Where a receiver breaks its word and the outcomes differ, a delay
 * is said before a failure, and a failure before success: the author may then send a
 * second copy, but loses none.
 */
export function messageReply(outcomes: readonly RecipientOutcome[], id: TransactionId): Reply {
  const told =
    outcomes.find((outcome) => outcome.kind === 'delayed') ??
    outcomes.find((outcome) => !isTaken(outcome)) ??
    outcomes[0];
  return told === undefined
    ? createReply(250, OK, `Ok: queued as ${id}`)
    : recipientReply(told, id);
}

/** A reason of our own: often a refusal's reply in one line, which then is said as it was meant. */
function replyOf(reason: string, told: EnhancedStatus): Reply {
  const [, code, text] = /^([45]\d\d) (.+)$/s.exec(reason) ?? [];
  return code === undefined || text === undefined
    ? createReply(codeOf(told), told, reason)
    : readReply(Number(code), [text]);
}

/** What is about room has codes of its own (RFC 5321 §4.2.3): in the mailbox, here, or in one transaction. */
function codeOf({ class: kind, detail, subject }: EnhancedStatus): number {
  const isAboutRoom = ['2.2', '3.1', '3.4', '5.3'].includes(`${subject}.${detail}`);
  if (kind === 5) return isAboutRoom ? 552 : 554;
  return isAboutRoom ? 452 : 451;
}

function unknownOutcome(outcome: never): never {
  throw new TypeError(`unknown outcome: ${JSON.stringify(outcome)}`);
}
