/**
 * Where a recipient's mail goes, as far as the queue needs to know: which attempts
 * share connections and which share limits.
 *
 * A plan is a hint, asked for anew for every attempt, so that a changed route
 * moves mail that is queued already. Planning is synchronous and does no DNS.
 */
import type { ForwardPath, Rate } from '@posthouse/mail';
import type { LaneKey, MessageRecord, SiteKey } from './record.ts';

/** The lane and site of one recipient. */
export interface RoutePlan {
  readonly lane: LaneKey;
  readonly site: SiteKey;
  /**
   * A mailbox of ours that knows a repeated delivery by its id: nothing has to be durable before
   * an attempt, and many may run at once. Default: false, a host of somebody else's.
   */
  readonly own?: boolean;
  /** What every attempt in the lane draws on, beside the site's own: of an account, of a tenant. */
  readonly allowances?: readonly AllowanceKey[];
  /** Recipients of one attempt at most. @default the queue's own */
  readonly maxRecipients?: number;
}

/** Names what a rate is counted for: a site by its key, or what a plan names. */
export type AllowanceKey = string;

/** What a planner may look at. */
export type RoutedMessage = Pick<MessageRecord, 'reversePath' | 'params' | 'origin'>;

/** Limits of one site; absent ones are the queue's own. */
export interface SiteLimits {
  /** Attempts that may run at once, over all its lanes. */
  readonly maxAttempts?: number;
}

/** Tells lane and site. Cheap, synchronous, never throws. */
export interface RoutePlanner {
  plan(recipient: ForwardPath, message: RoutedMessage): RoutePlan;
  /**
   * Where a notification for this address ends up: aliases and lists, which a receiver in front of
   * the queue expands for all other mail. Empty: nowhere. Left out: every address is a final one.
   */
  expand?(recipient: ForwardPath): readonly ForwardPath[];
  /** Asked when a site is first seen, and again after it was idle. */
  limits?(site: SiteKey): SiteLimits;
  /** What may be sent in a time. Asked before every attempt, so that a changed setting counts at once. */
  rates?(key: AllowanceKey): readonly Rate[];
}
