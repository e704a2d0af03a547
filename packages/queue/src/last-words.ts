/** Why a recipient was not attempted, as its record and its author are told it. */
import { enhancedStatus, rateText } from '@posthouse/mail';
import type { Delayed, RecipientOutcome } from '@posthouse/mail';
import type { Exhausted } from './allowances.ts';
import type { Group } from './group.ts';

/** Why nothing is attempted while a host rests. */
export const RESTING: Delayed = {
  kind: 'delayed',
  status: enhancedStatus(4, 4, 1),
  reason: 'The next host did not answer; it is left alone for a while',
  scope: 'host',
};

/** Why nothing is attempted although nobody is in trouble. */
export function heldBack({ key, rate, until }: Exhausted): Delayed {
  return {
    kind: 'delayed',
    status: enhancedStatus(4, 4, 5),
    reason: `Held back until ${new Date(until).toISOString()}: ${rateText(rate)} for ${key} are used up`,
    scope: 'host',
  };
}

/** The trouble that made the host rest, as those who waited for it are told it. */
export function whyResting(outcomes: readonly RecipientOutcome[] | undefined): Delayed {
  const trouble = outcomes?.find((outcome) => outcome.kind === 'delayed');
  if (trouble?.kind !== 'delayed') return RESTING;
  const { inDoubt: _inDoubt, ...rest } = trouble; // only the attempt itself is in doubt
  return { ...rest, reason: `${RESTING.reason}: ${trouble.reason}` };
}

/** A recipient that heard from the host itself keeps those words. */
export function lastWords(
  { lastReason, lastReply }: Group['recipients'][number],
  why: Delayed,
): RecipientOutcome {
  if (lastReason === undefined) return why;
  return { ...why, reason: lastReason, ...(lastReply === undefined ? {} : { reply: lastReply }) };
}
