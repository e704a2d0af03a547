/**
 * How much an account may send in an hour: token buckets that fill steadily, so that a
 * full hour's worth may go at once and never more than two in any hour.
 *
 * Kept in memory and bounded: buckets that are full again are forgotten, at the latest when
 * there are twice as many as were not. A restart fills all of them.
 */

/** For each account; an absent limit is none. */
export interface SendingLimits {
  readonly maxMessagesPerHour?: number | undefined;
  /** Each recipient of each message counts. */
  readonly maxRecipientsPerHour?: number | undefined;
}

/** What accounts may still send. */
export interface SendingAllowance {
  /** Takes one message; false where nothing is left. */
  takeMessage(account: string, now: number): boolean;
  takeRecipient(account: string, now: number): boolean;
}

interface Bucket {
  readonly left: number;
  readonly at: number;
}

const HOUR_MS = 3_600_000;
/** So many buckets need no sweep. */
const FEW_BUCKETS = 10_000;

/** Makes the allowance of all accounts. */
export function createSendingAllowance(limits: SendingLimits): SendingAllowance {
  return {
    takeMessage: createBuckets(limits.maxMessagesPerHour),
    takeRecipient: createBuckets(limits.maxRecipientsPerHour),
  };
}

function createBuckets(max = Infinity): (account: string, now: number) => boolean {
  if (max === Infinity) return () => true;
  const buckets = new Map<string, Bucket>();
  let sweepAbove = FEW_BUCKETS;

  const fill = (bucket: Bucket | undefined, now: number): number => {
    if (bucket === undefined) return max;
    const elapsedMs = Math.max(0, now - bucket.at); // a clock set back gives nothing and takes nothing
    return Math.min(max, bucket.left + (elapsedMs * max) / HOUR_MS);
  };

  return (account, now) => {
    const left = fill(buckets.get(account), now);
    if (left < 1) return false;
    buckets.set(account, { left: left - 1, at: now });
    if (buckets.size > sweepAbove) {
      for (const [name, bucket] of buckets) if (fill(bucket, now) >= max) buckets.delete(name);
      // Only when as many have come again, so that not every message walks over all accounts.
      sweepAbove = Math.max(FEW_BUCKETS, 2 * buckets.size);
    }
    return true;
  };
}
