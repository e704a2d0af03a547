/**
 * What an outcome means for a recipient: the change of its record, the event that
 * tells of it, and what its author may have to be told. Pure.
 *
 * delivered, relayed, accepted   done; somebody else answers for the recipient now.
 * failed                         done, with the proof.
 * delayed                        again, by the retry schedule; or, past its age, done as expired.
 */
import type { RecipientFate } from '@posthouse/dsn';
import { enhancedStatus, formatMailbox, refusalOf } from '@posthouse/mail';
import type { Delayed, Failed, RecipientOutcome } from '@posthouse/mail';
import type { NewEvent } from './event.ts';
import { leasedKey } from './group.ts';
import type { LeasedRecipient } from './group.ts';
import type { RetrySchedule } from './retry-schedule.ts';
import type { RoutePlan } from './route.ts';
import type { RecipientChange } from './store.ts';

/** What a verdict is found by. */
export interface VerdictRules {
  readonly now: number;
  readonly acceptedAt: number;
  readonly schedule: RetrySchedule;
  /** Chance in [0, 1): one for all recipients of an attempt, so that they go together the next time. */
  readonly random: number;
  /** The route as it is now. */
  readonly plan: (recipient: LeasedRecipient) => RoutePlan;
  readonly delayAfterMs: number;
  /** False where no attempt was made, because the host is known to be down. */
  readonly attempted: boolean;
}

export interface Verdict {
  readonly change: RecipientChange;
  readonly event?: NewEvent;
  /** News for the author, should he want them. */
  readonly fate?: RecipientFate;
}

/** When to try again what could not be told. */
const UNTOLD_WAIT_MS = 60 * 60_000;

/** Finds the verdict. */
export function verdictOf(
  recipient: LeasedRecipient,
  outcome: RecipientOutcome,
  rules: VerdictRules,
): Verdict {
  switch (outcome.kind) {
    case 'accepted':
    case 'delivered':
    case 'relayed':
      return {
        change: { ...leasedKey(recipient), kind: 'done' },
        event: takenEvent(recipient, outcome, rules.now),
        // Nobody asks for news of success unless he says so (RFC 3461 §4.1).
        ...(recipient.params.notify === undefined
          ? {}
          : { fate: fateOf(recipient, outcome, rules) }),
      };
    case 'failed':
      return finalOf(recipient, outcome, rules, 'failed');
    case 'delayed':
      return delayedOf(recipient, outcome, rules);
  }
}

/** The event of an outcome that ends our part: somebody else answers for the recipient now. */
export function takenEvent(
  recipient: LeasedRecipient,
  outcome: RecipientOutcome,
  at: number,
): NewEvent {
  return {
    ...eventOf(recipient, outcome, at),
    kind: outcome.kind === 'delivered' ? 'delivered' : 'relayed',
  };
}

/**
 * The same verdict where the news of it could not be put into words: a failure stays in the queue,
 * so that its author is told another time; what was delivered is done all the same.
 */
export function untoldOf(
  recipient: LeasedRecipient,
  verdict: Verdict,
  { now, plan, attempted }: VerdictRules,
): Verdict {
  const { change, event, fate } = verdict;
  if (change.kind === 'again')
    return { ...verdict, change: { ...change, delayTold: recipient.delayTold } };
  if (fate?.outcome.kind !== 'failed') return { change, ...(event === undefined ? {} : { event }) };
  const { lane, site } = plan(recipient);
  return {
    change: {
      ...leasedKey(recipient),
      kind: 'again',
      dueAt: now + UNTOLD_WAIT_MS,
      lane,
      site,
      lastReason: `Its author could not be told: ${fate.outcome.reason}`,
      delayTold: recipient.delayTold,
      counts: attempted,
    },
  };
}

function delayedOf(recipient: LeasedRecipient, outcome: Delayed, rules: VerdictRules): Verdict {
  const { now, schedule } = rules;
  const { domain } = recipient.forwardPath;
  const ageMs = now - rules.acceptedAt;
  const next = schedule.next(
    {
      ageMs,
      attempts: recipient.attempts - (rules.attempted ? 0 : 1),
      domain,
      ...(outcome.scope === undefined ? {} : { scope: outcome.scope }),
    },
    rules.random,
  );
  if (next.kind === 'expired') return finalOf(recipient, expiredOf(outcome), rules, 'expired');
  const dueAt = now + next.afterMs;
  const { lane, site } = rules.plan(recipient);
  const tellDelay = !recipient.delayTold && ageMs >= rules.delayAfterMs;
  const willRetryUntil = rules.acceptedAt + schedule.giveUpAfterMs(domain);
  return {
    change: {
      ...leasedKey(recipient),
      kind: 'again',
      dueAt,
      lane,
      site,
      lastReason: outcome.reason,
      ...(outcome.reply === undefined ? {} : { lastReply: outcome.reply }),
      delayTold: recipient.delayTold || tellDelay,
      counts: rules.attempted,
    },
    ...(rules.attempted
      ? {
          event: {
            ...eventOf(recipient, outcome, now),
            kind: 'attempted',
            dueAt,
            ...(outcome.inDoubt === undefined ? {} : { inDoubt: true }),
          },
        }
      : {}),
    ...(tellDelay ? { fate: { ...fateOf(recipient, outcome, rules), willRetryUntil } } : {}),
  };
}

/** The last delay made final; what the peer said last goes along (RFC 3464 §2.3.6). */
function expiredOf(last: Delayed): Failed {
  return {
    kind: 'failed',
    status: enhancedStatus(5, 4, 7),
    reason: `${refusalOf('delivery-expired').text}. ${last.reason}`,
    proof: 'expired',
    ...(last.reply === undefined ? {} : { reply: last.reply }),
    ...(last.host === undefined ? {} : { host: last.host }),
    ...(last.tls === undefined ? {} : { tls: last.tls }),
  };
}

function finalOf(
  recipient: LeasedRecipient,
  outcome: Failed,
  rules: VerdictRules,
  kind: 'failed' | 'expired',
): Verdict {
  return {
    change: { ...leasedKey(recipient), kind: 'done' },
    event: { ...eventOf(recipient, outcome, rules.now), kind, proof: outcome.proof },
    fate: fateOf(recipient, outcome, rules),
  };
}

function eventOf(
  recipient: LeasedRecipient,
  outcome: RecipientOutcome,
  at: number,
): Omit<NewEvent, 'kind'> {
  return {
    message: recipient.message,
    index: recipient.index,
    at,
    recipient: formatMailbox(recipient.forwardPath),
    status: outcome.status,
    ...(outcome.reply === undefined ? {} : { reply: outcome.reply }),
    ...(outcome.host === undefined ? {} : { host: outcome.host }),
    ...(outcome.tls === undefined ? {} : { tls: outcome.tls }),
    ...('reason' in outcome ? { reason: outcome.reason } : {}),
  };
}

function fateOf(
  recipient: LeasedRecipient,
  outcome: RecipientOutcome,
  rules: VerdictRules,
): RecipientFate {
  return {
    forwardPath: recipient.forwardPath,
    params: recipient.params,
    outcome,
    ...(rules.attempted ? { lastAttemptAt: rules.now } : {}),
  };
}
