/**
 * When to try again: a pure function of age, attempts and chance.
 *
 * RFC 5321 §4.5.4.1: retry in at least 30 minutes' time in general, more often at
 * first; give up after 4 to 5 days.
 */

/** A schedule. Every field has a default. */
export interface RetryRule {
  /** Waits after the first, second ... attempt; the last one repeats. */
  readonly waitsMs?: readonly number[];
  /** The same where the trouble is with the recipient alone: greylisting ends within minutes. */
  readonly recipientWaitsMs?: readonly number[];
  /** Age at which an attempt that does not succeed is the last. @default 5 d */
  readonly giveUpAfterMs?: number;
  /** Share by which a wait is stretched or shrunk at random, 0 to 0.5. @default 0.15 */
  readonly jitter?: number;
}

/** The rule for all, and for domains of recipients that want another. */
export interface RetryOptions extends RetryRule {
  /** By domain in A-labels; what a rule leaves out is as for all. */
  readonly domains?: Readonly<Record<string, RetryRule>>;
}
