/** The age-by-destination report of a memory store. */
import { AGE_BOUNDS_MS, agesOf } from '../rules/age.ts';
import { claimableAt } from '../rules/transitions.ts';
import type { SummaryLine } from '../store.ts';
import type { ShelvedMessage, ShelvedRecipient, Shelves } from './shelves.ts';

type Member = readonly [ShelvedMessage, ShelvedRecipient];

/** One line per domain, largest first. */
export function summarize(shelves: Shelves, now: number): readonly SummaryLine[] {
  const byDomain = Map.groupBy(shelves.walk(), ([, { record }]) => record.forwardPath.domain);
  const lines = [...byDomain].map(([domain, members]): SummaryLine => {
    const nextDueAt = least(members.map(([, { record }]) => claimableAt(record)));
    const younger = AGE_BOUNDS_MS.map(
      (bound) => members.filter(([message]) => message.record.acceptedAt > now - bound).length,
    );
    const restUntil = greatest(
      members.map(([, { record }]) => shelves.lanes.get(record.lane)?.restUntil ?? 0),
    );
    return {
      domain,
      recipients: members.length,
      held: members.filter(([, { record }]) => record.state === 'held').length,
      oldestAcceptedAt: least(members.map(([message]) => message.record.acceptedAt)),
      ages: agesOf(younger, members.length),
      ...(nextDueAt === Infinity ? {} : { nextDueAt }),
      ...(restUntil === 0 ? {} : { restUntil }),
      ...lastWordsOf(members),
    };
  });
  return lines.toSorted((a, b) => b.recipients - a.recipients || (a.domain < b.domain ? -1 : 1));
}

function lastWordsOf(members: readonly Member[]): Pick<SummaryLine, 'lastReason' | 'lastReply'> {
  const tried = members.filter(([, { record }]) => record.lastReason !== undefined);
  const [oldest] = tried.toSorted(([a], [b]) => a.record.acceptedAt - b.record.acceptedAt);
  const { lastReason, lastReply } = oldest?.[1].record ?? {};
  return {
    ...(lastReason === undefined ? {} : { lastReason }),
    ...(lastReply === undefined ? {} : { lastReply }),
  };
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b), Infinity);
}

/** Not as arguments of one call, of which there may not be so many. */
function greatest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}
