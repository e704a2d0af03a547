/** The age-by-destination report of a memory store. */
import { claimableAt } from '../rules/transitions.ts';
import type { SummaryLine } from '../store.ts';
import type { Shelves } from './shelves.ts';

/** One line per domain, largest first. */
export function summarize(shelves: Shelves): readonly SummaryLine[] {
  const byDomain = Map.groupBy(shelves.walk(), ([, { record }]) => record.forwardPath.domain);
  const lines = [...byDomain].map(([domain, members]): SummaryLine => {
    const nextDueAt = least(members.map(([, { record }]) => claimableAt(record)));
    return {
      domain,
      recipients: members.length,
      held: members.filter(([, { record }]) => record.state === 'held').length,
      oldestAcceptedAt: least(members.map(([message]) => message.record.acceptedAt)),
      ...(nextDueAt === Infinity ? {} : { nextDueAt }),
    };
  });
  return lines.toSorted((a, b) => b.recipients - a.recipients || (a.domain < b.domain ? -1 : 1));
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b), Infinity);
}
