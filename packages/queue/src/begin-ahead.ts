/**
 * Marks claimed attempts as begun before their turn comes: a whole page in one commit, so that no
 * slot of a host is spent on waiting for one.
 *
 * Only first attempts at strangers' hosts: should we die before they are made they lose the first
 * wait of the schedule, like mail that was leased when it was accepted (decision 9). After later
 * attempts the wait is hours, and our own mailboxes need no mark. Nothing here throws: what
 * the store does not mark, its own attempt marks when its turn has come.
 */
import type { Clock, Logger } from '@posthouse/mail';
import { waitOfDeath } from './attempt.ts';
import { leasedKey } from './group.ts';
import type { Group, LeasedRecipient } from './group.ts';
import type { RetrySchedule } from './retry-schedule.ts';
import type { LeasedKey, Store } from './store.ts';

export interface BeginAheadDeps {
  readonly store: Pick<Store, 'begin'>;
  readonly schedule: RetrySchedule;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whether a crash before the attempt would cost the group no more than the first wait. */
export function mayBeginAhead({
  own,
  recipients,
}: {
  readonly own: boolean;
  readonly recipients: readonly Pick<LeasedRecipient, 'attempts'>[];
}): boolean {
  return !own && recipients.every(({ attempts }) => attempts === 1);
}

/** Never rejects. @returns the groups in their order, as they are under lease now */
export async function beginAhead(
  groups: readonly Group[],
  { store, schedule, clock, logger }: BeginAheadDeps,
): Promise<readonly Group[]> {
  const now = clock.now();
  const marked = (recipient: LeasedRecipient): LeasedRecipient => ({
    ...recipient,
    dueAt: now + waitOfDeath(recipient, schedule),
    lease: { ...recipient.lease, begun: true },
  });
  const ahead = groups.map((group) =>
    mayBeginAhead(group) ? { ...group, recipients: group.recipients.map(marked) } : group,
  );
  const attempts = ahead.flatMap((group, place) =>
    group === groups[place] ? [] : group.recipients.map(markOf),
  );
  if (attempts.length === 0) return groups;
  try {
    const begun = await store.begin(attempts);
    // Where a lease is gone, whose it was is not known here: each attempt finds out for itself.
    return begun.length === attempts.length ? ahead : groups;
  } catch (error) {
    logger.warn({ event: 'begin-failed', err: error }, 'Attempts could not be marked');
    return groups;
  }
}

function markOf(recipient: LeasedRecipient): LeasedKey & { readonly dueAt: number } {
  return { ...leasedKey(recipient), dueAt: recipient.dueAt };
}
