/**
 * What can be set of a queue, with the defaults. Times are in milliseconds, sizes
 * in octets. `resolveOptions` throws one RangeError that names every number that
 * makes no sense.
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
  /**
   * How long a message for own mailboxes may take to be delivered before it is stored: what is there
   * by then needs no place in the queue. 0: everything is stored first. @default 1 s
   */
  readonly deliverFirstMs?: number;
  /** How long a lease lasts; it is renewed while an attempt runs. @default 10 min */
  readonly leaseMs?: number;
  /** How long `stop` lets attempts in flight go on. @default 20 s */
  readonly drainMs?: number;
  /** Content that is delivered from memory: just accepted, or read before its turn. @default 16 MiB */
  readonly maxCachedContentBytes?: number;
  /** How long events are kept. @default 30 d */
  readonly eventRetentionMs?: number;
}

/** At these limits MAIL is answered 452 4.3.1, and nothing is taken. */
export interface BackPressureOptions {
  /** Octets of content queued. @default 10 GiB */
  readonly maxQueuedBytes?: number;
  /** Messages queued. @default 10,000,000 */
  readonly maxQueuedMessages?: number;
  /** Free octets on the queue's disk below which nothing is taken; needs `deps.freeDiskBytes`. @default 256 MiB */
  readonly minFreeDiskBytes?: number;
  /** Memory that the process holds, above which nothing is taken; needs `deps.usedMemoryBytes`. @default 1 GiB */
  readonly maxMemoryBytes?: number;
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
  /** Recipients under lease in memory, waiting or in flight. @default 4000 */
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
  /** Who is told when a notification itself cannot be delivered. Absent: nobody, it is only logged. */
  readonly postmaster?: Mailbox;
  /** Largest message that is returned whole where RET=FULL asks for it; else its header section. @default 50 KiB */
  readonly maxReturnedBytes?: number;
}

export type ResolvedConcurrency = Required<ConcurrencyOptions>;
export type ResolvedBackPressure = Required<BackPressureOptions>;
export type ResolvedNotifications = Required<Omit<NotificationOptions, 'postmaster'>> &
  Pick<NotificationOptions, 'postmaster'>;

/** Options with nothing left open. */
export interface ResolvedOptions extends Required<
  Omit<QueueOptions, 'backPressure' | 'concurrency' | 'notifications' | 'retry'>
> {
  readonly backPressure: ResolvedBackPressure;
  readonly concurrency: ResolvedConcurrency;
  readonly notifications: ResolvedNotifications;
  readonly retry: RetryOptions;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Fills in the defaults. @throws RangeError */
export function resolveOptions(options: QueueOptions): ResolvedOptions {
  const resolved: ResolvedOptions = {
    owner: 'queue',
    maxMessageBytes: 50 * MIB,
    maxRecipients: 1000,
    requireTls: false,
    attemptTimeoutMs: HOUR_MS,
    deliverFirstMs: 1000,
    leaseMs: 10 * MINUTE_MS,
    drainMs: 20_000,
    maxCachedContentBytes: 16 * MIB,
    eventRetentionMs: 30 * 24 * HOUR_MS,
    ...options,
    backPressure: {
      maxQueuedBytes: 10 * KIB * MIB,
      maxQueuedMessages: 10_000_000,
      minFreeDiskBytes: 256 * MIB,
      maxMemoryBytes: KIB * MIB,
      ...options.backPressure,
    },
    concurrency: {
      maxAttempts: 200,
      initialPerLane: 5,
      maxPerLane: 20,
      ownPerLane: 48,
      maxPerSite: 40,
      maxRecipientsPerAttempt: 100,
      maxActiveRecipients: 4000,
      restMs: 5 * MINUTE_MS,
      maxRestMs: HOUR_MS,
      ...options.concurrency,
    },
    notifications: {
      delayAfterMs: 4 * HOUR_MS,
      maxReturnedBytes: 50 * KIB,
      ...options.notifications,
    },
    retry: options.retry ?? {},
  };
  assertNumbers(resolved);
  return resolved;
}

/** @throws RangeError; the retry schedule sees to its own numbers */
function assertNumbers(options: ResolvedOptions): void {
  const { maxMessageBytes, maxRecipients, attemptTimeoutMs, leaseMs } = options;
  const { deliverFirstMs, drainMs, eventRetentionMs, maxCachedContentBytes } = options;
  const { delayAfterMs, maxReturnedBytes } = options.notifications;
  const mistakes = [
    ...below(1, '', { maxMessageBytes, maxRecipients, attemptTimeoutMs, leaseMs }),
    ...below(1, 'concurrency.', options.concurrency),
    ...below(0, '', { deliverFirstMs, drainMs, eventRetentionMs, maxCachedContentBytes }),
    ...below(0, 'backPressure.', options.backPressure),
    ...below(0, 'notifications.', { delayAfterMs, maxReturnedBytes }),
  ];
  if (mistakes.length > 0) throw new RangeError(mistakes.join('; '));
}

function below(
  least: number,
  where: string,
  numbers: Readonly<Record<string, number>>,
): readonly string[] {
  return Object.entries(numbers)
    .filter(([, value]) => !(value >= least))
    .map(([name]) => `${where}${name} must be at least ${least}`);
}
