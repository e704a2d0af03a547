/**
 * When to try again: a pure function of age, attempts and chance.
 *
 * Waits are short at first, because most trouble ends within the hour, and flat at
 * the end, so that a host that comes back gets its mail within hours. A refusal of
 * one recipient alone is most often greylisting, which ends after one to fifteen
 * minutes: that table starts shorter. The last attempt is made at the very age at
 * which we give up; what fails then, or later, is expired. The random part keeps
 * a thousand messages that failed together from coming back together.
 *
 * RFC 5321 §4.5.4.1: 30 minutes between retries in general, more often at first;
 * give up after 4 to 5 days.
 */
import { domainPatterns } from '@posthouse/mail';
import type { TroubleScope } from '@posthouse/mail';

/** A schedule. Every field has a default. */
export interface RetryRule {
  /** Waits after the first, second ... attempt; the last one repeats. @default 5, 10, 20, 30 min, 1, 2, 3 h */
  readonly waitsMs?: readonly number[];
  /** The same where the trouble is with the recipient alone. @default 2, 4, 10, 15, 30 min, 1, 2, 3 h */
  readonly recipientWaitsMs?: readonly number[];
  /** Age at which an attempt that does not succeed is the last. @default 5 d */
  readonly giveUpAfterMs?: number;
  /** Share by which a wait is stretched or shrunk at random, 0 to 0.5. @default 0.15 */
  readonly jitter?: number;
}

/** The rule for all, and for domains of recipients that want another. */
export interface RetryOptions extends RetryRule {
  /** By domain in A-labels, or `*.domain` for all names below it; what a rule leaves out is as for all. */
  readonly domains?: Readonly<Record<string, RetryRule>>;
}

/** An attempt that left the recipient's fate open. */
export interface OpenAttempt {
  /** Since the message was accepted. */
  readonly ageMs: number;
  /** Attempts so far; 0 where none was made because the host is known to be down. */
  readonly attempts: number;
  readonly scope?: TroubleScope;
  /** The recipient's domain. */
  readonly domain: string;
}

/** What the schedule says. */
export type NextAttempt =
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'expired' };

/** A schedule ready for use. */
export interface RetrySchedule {
  /** @param random chance in [0, 1) */
  next(attempt: OpenAttempt, random: number): NextAttempt;
  giveUpAfterMs(domain: string): number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const DEFAULT_RULE: Required<RetryRule> = {
  waitsMs: [5, 10, 20, 30, 60, 120, 180].map((minutes) => minutes * MINUTE_MS),
  recipientWaitsMs: [2, 4, 10, 15, 30, 60, 120, 180].map((minutes) => minutes * MINUTE_MS),
  giveUpAfterMs: 5 * 24 * HOUR_MS,
  jitter: 0.15,
};

/** Makes a schedule. @throws RangeError for a wait, age or jitter that makes no sense */
export function createRetrySchedule(options: RetryOptions = {}): RetrySchedule {
  const general = complete(options, DEFAULT_RULE, 'retry');
  const byDomain = new Map(
    Object.entries(options.domains ?? {}).map(([domain, rule]) => [
      domain,
      complete(rule, general, `retry.domains.${domain}`),
    ]),
  );
  const ruleOf = (domain: string): Required<RetryRule> => {
    if (byDomain.size === 0) return general;
    for (const key of domainPatterns(domain)) {
      const rule = byDomain.get(key);
      if (rule !== undefined) return rule;
    }
    return general;
  };
  return {
    next: (attempt, random) => nextByRule(ruleOf(attempt.domain), attempt, random),
    giveUpAfterMs: (domain) => ruleOf(domain).giveUpAfterMs,
  };
}

function nextByRule(rule: Required<RetryRule>, attempt: OpenAttempt, random: number): NextAttempt {
  const restMs = rule.giveUpAfterMs - attempt.ageMs;
  if (restMs <= 0) return { kind: 'expired' };
  const waits = attempt.scope === 'recipient' ? rule.recipientWaitsMs : rule.waitsMs;
  const waitMs = waits[Math.min(Math.max(attempt.attempts, 1), waits.length) - 1] ?? restMs;
  const stretched = waitMs * (1 + rule.jitter * (2 * random - 1));
  return { kind: 'again', afterMs: Math.max(1, Math.min(Math.round(stretched), restMs)) };
}

function complete(
  rule: RetryRule,
  fallback: Required<RetryRule>,
  where: string,
): Required<RetryRule> {
  const complete: Required<RetryRule> = {
    waitsMs: rule.waitsMs ?? fallback.waitsMs,
    recipientWaitsMs: rule.recipientWaitsMs ?? rule.waitsMs ?? fallback.recipientWaitsMs,
    giveUpAfterMs: rule.giveUpAfterMs ?? fallback.giveUpAfterMs,
    jitter: rule.jitter ?? fallback.jitter,
  };
  for (const name of ['waitsMs', 'recipientWaitsMs'] as const) {
    const waits = complete[name];
    if (waits.length === 0 || !waits.every((wait) => Number.isFinite(wait) && wait > 0)) {
      throw new RangeError(`${where}.${name} needs at least one wait, each above 0`);
    }
  }
  if (!(complete.giveUpAfterMs >= 0)) throw new RangeError(`${where}.giveUpAfterMs is below 0`);
  if (!(complete.jitter >= 0 && complete.jitter <= 0.5)) {
    throw new RangeError(`${where}.jitter is not between 0 and 0.5`);
  }
  return complete;
}
