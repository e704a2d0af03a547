/**
 * How much an account may send in an hour. A token bucket for each account: it fills
 * steadily, so that a full hour's worth may go at once and never more than two in any hour.
 *
 * Kept in memory and bounded: a bucket that is full again is forgotten.
 */

/** Per account. */
export interface SendingLimits {
  /** Recipients in an hour; each RCPT that is taken counts one. */
  readonly maxRecipientsPerHour: number;
}

/** The buckets of all accounts. */
export interface SendingAllowance {
  /** Takes one recipient from the account's allowance; false where nothing is left. */
  take(account: string, now: number): boolean;
}

interface Bucket {
  readonly left: number;
  readonly at: number;
}

const HOUR_MS = 3_600_000;
const SWEEP_ABOVE = 10_000;

/** Makes the buckets. */
export function createSendingAllowance(limits: SendingLimits): SendingAllowance {
  const max = limits.maxRecipientsPerHour;
  const buckets = new Map<string, Bucket>();

  const fill = (bucket: Bucket | undefined, now: number): number => {
    if (bucket === undefined) return max;
    const elapsedMs = Math.max(0, now - bucket.at); // a clock set back gives nothing and takes nothing
    return Math.min(max, bucket.left + (elapsedMs * max) / HOUR_MS);
  };

  return {
    take(account, now) {
      const left = fill(buckets.get(account), now);
      if (left < 1) return false;
      buckets.set(account, { left: left - 1, at: now });
      if (buckets.size > SWEEP_ABOVE) {
        for (const [name, bucket] of buckets) if (fill(bucket, now) >= max) buckets.delete(name);
      }
      return true;
    },
  };
}
