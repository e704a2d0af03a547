/**
 * Where a recipient's mail goes, as far as the queue needs to know: which attempts
 * share connections and which share limits.
 *
 * A plan is a hint, asked for anew for every attempt, so that a changed route
 * moves mail that is queued already. Planning is synchronous and does no DNS.
 */
import type { ForwardPath } from '@posthouse/mail';
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
}

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
}
