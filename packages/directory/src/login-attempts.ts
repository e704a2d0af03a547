/**
 * Guessing passwords, made slow: a few failures in a row are free, then attempts come
 * back one by one.
 *
 * The attempt is counted before the answer is known, so that many at once gain nothing,
 * and given back when it was right. Memory is bounded; the oldest are forgotten first.
 */
import type { Clock } from '@posthouse/mail';

const MAX_REMEMBERED = 20_000;

export interface AttemptRules {
  /** Failures in a row that cost nothing. */
  readonly free: number;
  /** How long it takes until one more may be tried. */
  readonly refillMs: number;
}

/** Attempts of whoever stands behind `key`. */
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

export function createLoginAttempts({ free, refillMs }: AttemptRules, clock: Clock): LoginAttempts {
  /** Only those who have used attempts, the latest at the end. */
  const allowances = new Map<string, Allowance>();

  const allowance = (key: string): number => {
    const known = allowances.get(key);
    if (known === undefined) return free;
    return Math.min(free, known.attempts + (clock.now() - known.at) / refillMs);
  };

  const remember = (key: string, attempts: number): void => {
    allowances.delete(key);
    if (attempts >= free) return;
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
