/**
 * What can be set of a queue, with the defaults. Times are in milliseconds, sizes
 * in octets.
 */
import type { Domain, Mailbox } from '@posthouse/mail';
import type { RetryOptions } from './retry-schedule.ts';

/** Everything but `hostname` has a default. */
export interface QueueOptions {
  /** Our name: Reporting-MTA of notifications. */
  readonly hostname: Domain;
  /** Names this process in leases; the same after a restart. @default 'queue' */
  readonly owner?: string;
  /** Largest message that is taken. @default 50 MiB */
  readonly maxMessageBytes?: number;
  /** Recipients in one transaction (RFC 5321 §4.5.3.1.8 asks for 100). @default 1000 */
  readonly maxRecipients?: number;
  /** Whether the way out keeps REQUIRETLS (RFC 8689), so that it may be offered on the way in. @default false */
  readonly requireTls?: boolean;
  readonly backPressure?: BackPressureOptions;
  readonly concurrency?: ConcurrencyOptions;
  readonly retry?: RetryOptions;
  readonly notifications?: NotificationOptions;
  /** How long one attempt may take in all. @default 1 h */
  readonly attemptTimeoutMs?: number;
  /** How long a lease lasts; it is renewed while an attempt runs. @default 10 min */
  readonly leaseMs?: number;
  /** How long `stop` lets attempts in flight go on. @default 20 s */
  readonly drainMs?: number;
  /** Just accepted content that is delivered from memory. @default 32 MiB */
  readonly maxCachedContentBytes?: number;
  /** How long events are kept. @default 30 d */
  readonly eventRetentionMs?: number;
}

/** At these limits MAIL is answered 452 4.3.1, and nothing is taken. */
export interface BackPressureOptions {
  /** Octets of content queued. @default 10 GiB */
  readonly maxQueuedBytes?: number;
  /** Messages queued. @default 1,000,000 */
  readonly maxQueuedMessages?: number;
  /** Free octets on the queue's disk below which nothing is taken; needs `deps.freeDiskBytes`. @default 256 MiB */
  readonly minFreeDiskBytes?: number;
}

/** How many attempts run at once, and how much stands ready in memory. */
export interface ConcurrencyOptions {
  /** Attempts in all. @default 200 */
  readonly maxAttempts?: number;
  /** Attempts in a lane that is new or recovers. @default 5 */
  readonly initialPerLane?: number;
  /** Attempts in a lane at most; what it may have between is learnt from its answers. @default 20 */
  readonly maxPerLane?: number;
  /** Attempts in a lane of our own mailboxes, always. @default 48 */
  readonly ownPerLane?: number;
  /** Attempts in a site over all its lanes, unless the planner knows better. @default 40 */
  readonly maxPerSite?: number;
  /** Recipients of one message that go in one attempt (RFC 5321 §4.5.3.1.8). @default 100 */
  readonly maxRecipientsPerAttempt?: number;
  /** Recipients under lease in memory, waiting or in flight. @default 10,000 */
  readonly maxActiveRecipients?: number;
  /** A dead site's first rest; each failed probe doubles it. @default 5 min */
  readonly restMs?: number;
  /** A dead site's longest rest. @default 1 h */
  readonly maxRestMs?: number;
}

/** What authors are told. */
export interface NotificationOptions {
  /** Age at which a delay is told, once. @default 4 h */
  readonly delayAfterMs?: number;
  /** From of notifications. @default MAILER-DAEMON at `hostname` */
  readonly from?: Mailbox;
  /** Who is told when a notification itself cannot be delivered. Absent: nobody, it is only logged. */
  readonly postmaster?: Mailbox;
  /** Largest message that is returned whole where RET=FULL asks for it; else its header section. @default 50 KiB */
  readonly maxReturnedBytes?: number;
}
