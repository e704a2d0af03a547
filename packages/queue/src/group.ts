/**
 * Recipients of one message that go together: one lane, one attempt, each under a
 * lease of ours.
 */
import { formatMailbox, NULL_PATH } from '@posthouse/mail';
import type { LaneKey, Lease, MessageRecord, RecipientRecord, SiteKey } from './record.ts';
import type { AllowanceKey, RoutePlan, RoutePlanner } from './route.ts';
import type { Claimed, LeasedKey } from './store.ts';

/** A recipient that may be attempted. */
export type LeasedRecipient = RecipientRecord & { readonly lease: Lease };

export interface Group {
  readonly message: MessageRecord;
  readonly recipients: readonly LeasedRecipient[];
  readonly lane: LaneKey;
  readonly site: SiteKey;
  readonly own: boolean;
  readonly allowances: readonly AllowanceKey[];
  /** With whom it takes turns. */
  readonly sender: string;
}

/** Whom a message is counted to when senders take turns: who logged in, else who is named, else who connected. */
export function senderOf({
  origin,
  reversePath,
}: Pick<MessageRecord, 'origin' | 'reversePath'>): string {
  if (origin.identity !== undefined) return origin.identity.account;
  return reversePath === NULL_PATH ? origin.peer.address : formatMailbox(reversePath);
}

/** The names under which the store knows the group's leases. */
export function leasedKeys(group: Group): readonly LeasedKey[] {
  return group.recipients.map(leasedKey);
}

export function leasedKey({ message, index, lease }: LeasedRecipient): LeasedKey {
  return { message, index, token: lease.token };
}

export function hasLease(recipient: RecipientRecord): recipient is LeasedRecipient {
  return recipient.lease !== undefined;
}

/** Groups of what a claim gave, by the routes of now. @throws TypeError for a recipient without a lease */
export function groupClaimed(
  claimed: Claimed,
  planner: RoutePlanner,
  max: number,
): readonly Group[] {
  const { message } = claimed;
  const lanes = new Map<LaneKey, { plan: RoutePlan; recipients: LeasedRecipient[] }>();
  for (const recipient of claimed.recipients) {
    if (!hasLease(recipient)) throw new TypeError('claimed without a lease');
    const plan = planner.plan(recipient.forwardPath, message);
    const lane = lanes.get(plan.lane);
    if (lane === undefined) lanes.set(plan.lane, { plan, recipients: [recipient] });
    else lane.recipients.push(recipient);
  }
  return [...lanes.values()].flatMap(({ plan, recipients }) =>
    groupsOf(message, plan, recipients, max),
  );
}

const NONE: readonly AllowanceKey[] = [];

/** Groups of at most `most` recipients, all of one plan. */
export function groupsOf(
  message: MessageRecord,
  plan: RoutePlan,
  recipients: readonly LeasedRecipient[],
  most: number,
): readonly Group[] {
  const max = Math.min(most, plan.maxRecipients ?? most);
  const facts = {
    message,
    lane: plan.lane,
    site: plan.site,
    own: plan.own ?? false,
    allowances: plan.allowances ?? NONE,
    sender: senderOf(message),
  };
  if (recipients.length <= max) return [{ ...facts, recipients }];
  const groups: Group[] = [];
  for (let at = 0; at < recipients.length; at += max) {
    groups.push({ ...facts, recipients: recipients.slice(at, at + max) });
  }
  return groups;
}
