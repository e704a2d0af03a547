/**
 * What operators and their programs see of the queue: plain JSON, times in ISO 8601, paths
 * without brackets but the null path. Pure.
 */
import { formatMailbox, NULL_PATH, rateText, replyText } from '@posthouse/mail';
import type { TransferContext } from '@posthouse/mail';
import { AGE_BOUNDS_MS } from '@posthouse/queue';
import type {
  MessageRecord,
  QueueEntry,
  QueueEvent,
  RateStanding,
  RecipientRecord,
  Shape,
  SiteStanding,
  StoredMessage,
  SummaryLine,
} from '@posthouse/queue';

/** One recipient of a message, with what a list tells of the message. */
export interface ListedRecipient extends ShownRecipient {
  readonly id: string;
  /** `<>` for the null path. */
  readonly sender: string;
  readonly sizeBytes: number;
  readonly acceptedAt: string;
  readonly messageId?: string;
}

/** A recipient by itself. */
export interface ShownRecipient {
  readonly index: number;
  readonly recipient: string;
  /** `active`: an attempt is under way. */
  readonly state: 'active' | 'held' | 'queued';
  readonly attempts: number;
  /** Absent where it is held. */
  readonly nextAttemptAt?: string;
  /** What the last attempt came to, in our words and in the peer's. */
  readonly reason?: string;
  readonly reply?: string;
  /** Which connections it shares. */
  readonly lane: string;
}

/** A message without its recipients. */
export interface ShownEnvelope {
  readonly id: string;
  readonly sender: string;
  readonly messageId?: string;
  readonly acceptedAt: string;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly priority: string;
  readonly origin: Pick<TransferContext, 'greeting' | 'identity' | 'peer' | 'protocol' | 'tls'>;
  readonly traceId: string;
  readonly params: MessageRecord['params'];
}

/** A site and how much it may have; the last of them in the queue's own words. */
export interface ShownSite {
  readonly site: string;
  readonly attempts: number;
  readonly maxAttempts?: number;
  /** After trouble, or since an allowance is used up: nothing goes there before. */
  readonly restsUntil?: string;
  readonly heldUntil?: string;
  /** Learnt from its replies; absent where it bears what others do. */
  readonly learnt?: { readonly maxAttempts?: number; readonly messagesPerMinute?: number };
  readonly rates: readonly ShownRate[];
}

/** What is used of a rate, as `rate` says it. */
export interface ShownRate {
  readonly rate: string;
  readonly used: number;
  /** When it is not used up any more; absent where it is not. */
  readonly freeAt?: string;
}

/** One line of the report by destination. */
export interface SummarizedDomain {
  readonly domain: string;
  readonly recipients: number;
  readonly held: number;
  readonly oldestAcceptedAt: string;
  /** Recipients by age: `underMinutes` is null in the last class, which holds all that is older. */
  readonly ages: readonly { readonly underMinutes: number | null; readonly recipients: number }[];
  /** Absent where all are held. */
  readonly nextAttemptAt?: string;
  /** Until when its hosts are left alone after trouble. */
  readonly restsUntil?: string;
  /** What the last attempt came to, of the oldest that was tried. */
  readonly reason?: string;
  readonly reply?: string;
}

/** An event with its time for people; the rest as the log has it. */
export type TracedEvent = Omit<QueueEvent, 'at' | 'cursor' | 'dueAt'> & {
  readonly at: string;
  readonly nextAttemptAt?: string;
};

export function listedRecipient({ message, recipient }: QueueEntry, now: number): ListedRecipient {
  const { acceptedAt, id, messageId, sizeBytes } = message;
  return {
    id,
    ...shownRecipient(recipient, now),
    sender: senderOf(message),
    sizeBytes,
    acceptedAt: time(acceptedAt),
    ...(messageId !== undefined && { messageId }),
  };
}

export function shownRecipient(recipient: RecipientRecord, now: number): ShownRecipient {
  const { attempts, dueAt, forwardPath, index, lane, lastReason, lastReply } = recipient;
  const isActive = (recipient.lease?.until ?? 0) > now;
  const state = isActive ? 'active' : recipient.state;
  return {
    index,
    recipient: formatMailbox(forwardPath),
    state,
    attempts,
    ...(state === 'queued' && { nextAttemptAt: time(dueAt) }),
    ...(lastReason !== undefined && { reason: lastReason }),
    ...(lastReply !== undefined && { reply: replyText(lastReply) }),
    lane,
  };
}

export function shownEnvelope(message: StoredMessage): ShownEnvelope {
  const { acceptedAt, digest, id, messageId, origin, params, priority, sizeBytes } = message;
  const { greeting, identity, peer, protocol, tls, traceId } = origin;
  return {
    id,
    sender: senderOf(message),
    ...(messageId !== undefined && { messageId }),
    acceptedAt: time(acceptedAt),
    sizeBytes,
    digest,
    priority,
    origin: { protocol, peer, greeting, ...(identity && { identity }), ...(tls && { tls }) },
    traceId,
    params,
  };
}

export function shownSite(standing: SiteStanding): ShownSite {
  const { attempts, heldUntil, maxAttempts, rates, restsUntil, shape, site } = standing;
  return {
    site,
    attempts,
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(restsUntil !== undefined && { restsUntil: time(restsUntil) }),
    ...(heldUntil !== undefined && { heldUntil: time(heldUntil) }),
    ...(shape && { learnt: learntOf(shape) }),
    rates: rates.map(shownRate),
  };
}

export function shownRate(standing: RateStanding): ShownRate {
  const { freeAt, used } = standing;
  return { rate: rateText(standing), used, ...(freeAt !== undefined && { freeAt: time(freeAt) }) };
}

function learntOf({ maxAttempts, perMinute }: Shape): NonNullable<ShownSite['learnt']> {
  return {
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(perMinute !== undefined && { messagesPerMinute: perMinute }),
  };
}

export function summarizedDomain(line: SummaryLine, now: number): SummarizedDomain {
  const { ages, domain, held, lastReason, lastReply, nextDueAt, oldestAcceptedAt, recipients } =
    line;
  const restsUntil = (line.restUntil ?? 0) > now ? line.restUntil : undefined;
  return {
    domain,
    recipients,
    held,
    oldestAcceptedAt: time(oldestAcceptedAt),
    ages: ages.map((count, place) => {
      const bound = AGE_BOUNDS_MS[place];
      return { underMinutes: bound === undefined ? null : bound / 60_000, recipients: count };
    }),
    ...(nextDueAt !== undefined && { nextAttemptAt: time(Math.max(nextDueAt, restsUntil ?? 0)) }),
    ...(restsUntil !== undefined && { restsUntil: time(restsUntil) }),
    ...(lastReason !== undefined && { reason: lastReason }),
    ...(lastReply !== undefined && { reply: replyText(lastReply) }),
  };
}

export function tracedEvent({ cursor: _cursor, at, dueAt, ...event }: QueueEvent): TracedEvent {
  return { ...event, at: time(at), ...(dueAt !== undefined && { nextAttemptAt: time(dueAt) }) };
}

function senderOf({ reversePath }: Pick<MessageRecord, 'reversePath'>): string {
  return reversePath === NULL_PATH ? NULL_PATH : formatMailbox(reversePath);
}

function time(at: number): string {
  return new Date(at).toISOString();
}
