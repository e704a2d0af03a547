/** What lanes and sites may have: by the options, which are others for our own mailboxes, and now. Pure. */
import { siteRestsUntil } from './lane.ts';
import type { Lane, Site } from './lane.ts';
import type { ResolvedConcurrency } from './options.ts';
import type { Pacing } from './pacing.ts';

/** Attempts at a time while nothing is known of it. */
export function initialAttempts(lane: Pick<Lane, 'own'>, limits: ResolvedConcurrency): number {
  return lane.own ? limits.ownPerLane : limits.initialPerLane;
}

/** Attempts at a time when all goes well. */
export function maxAttempts(lane: Pick<Lane, 'own'>, limits: ResolvedConcurrency): number {
  return lane.own ? limits.ownPerLane : limits.maxPerLane;
}

/** How long it rests after trouble. Our own mailboxes are back sooner than a stranger's host. */
export function restRule(
  lane: Pick<Lane, 'own'>,
  { restMs, maxRestMs }: ResolvedConcurrency,
): { readonly restMs: number; readonly maxRestMs: number } {
  return lane.own ? { restMs: restMs / 10, maxRestMs: maxRestMs / 10 } : { restMs, maxRestMs };
}

/** Attempts of a site: none while it rests or is held back, one while it is probed. */
export function siteLimit(site: Site, pacing: Pacing, now: number): number {
  if (siteRestsUntil(site, now) !== undefined) return 0;
  return site.health.kind === 'well' ? pacing.maxAttempts(site) : 1;
}
