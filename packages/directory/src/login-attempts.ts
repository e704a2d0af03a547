/**
 * Guessing passwords, made slow: a few failures in a row are free, then one attempt a
 * minute, for each account and peer.
 *
 * The attempt is counted before the answer is known, so that many at once gain nothing,
 * and given back when it was right. Counting by account and peer keeps a stranger from
 * locking somebody out. Memory is bounded; the oldest are forgotten first.
 */
import type { Clock } from '@posthouse/mail';

const FREE_ATTEMPTS = 10;
const REFILL_MS = 60_000;
const MAX_REMEMBERED = 20_000;

/** Attempts of one account from one peer, both under `key`. */
export interface LoginAttempts {
  /** Whether one may be taken now. */
  areLeft(key: string): boolean;
  take(key: string): void;
  /** The attempt was right, or could not be tried. */
  giveBack(key: string): void;
}

interface Allowance {
  readonly attempts: number;
  readonly at: number;
}

export function createLoginAttempts(clock: Clock): LoginAttempts {
  /** Only those who have used attempts, the latest at the end. */
  const allowances = new Map<string, Allowance>();

  const allowance = (key: string): number => {
    const known = allowances.get(key);
    if (known === undefined) return FREE_ATTEMPTS;
    return Math.min(FREE_ATTEMPTS, known.attempts + (clock.now() - known.at) / REFILL_MS);
  };

  const remember = (key: string, attempts: number): void => {
    allowances.delete(key);
    if (attempts >= FREE_ATTEMPTS) return;
    allowances.set(key, { attempts, at: clock.now() });
    const [oldest] = allowances.keys();
    if (allowances.size > MAX_REMEMBERED && oldest !== undefined) allowances.delete(oldest);
  };

  return {
    areLeft: (key) => allowance(key) >= 1,
    take: (key) => remember(key, allowance(key) - 1),
    giveBack: (key) => remember(key, allowance(key) + 1),
  };
}
