/** A site for people: what it may have, what it has, and why not more. */
import type { RateStanding } from './allowances.ts';
import type { Site } from './lane.ts';
import type { Pacing } from './pacing.ts';
import type { SiteKey } from './record.ts';
import type { Shape } from './shape.ts';

/** How a site stands now. */
export interface SiteStanding {
  readonly site: SiteKey;
  readonly attempts: number;
  /** Absent where nothing goes to it at present. */
  readonly maxAttempts?: number;
  /** After trouble. */
  readonly restsUntil?: number;
  /** Its allowance is used up. */
  readonly heldUntil?: number;
  /** What was learnt of it. */
  readonly shape?: Shape;
  readonly rates: readonly RateStanding[];
}

export function siteStanding(site: Site, pacing: Pacing, now: number): SiteStanding {
  const { health, heldUntil, inFlight, key } = site;
  return {
    ...shapedAlone(key, pacing, now),
    attempts: inFlight,
    maxAttempts: pacing.maxAttempts(site),
    ...(health.kind === 'resting' && health.until > now ? { restsUntil: health.until } : {}),
    ...(heldUntil > now ? { heldUntil } : {}),
  };
}

/** A site to which nothing goes at present, and of which something was learnt. */
export function shapedAlone(key: SiteKey, pacing: Pacing, now: number): SiteStanding {
  const shape = pacing.shapeOf(key);
  return {
    site: key,
    attempts: 0,
    ...(shape === undefined ? {} : { shape }),
    rates: pacing.standings(key, now),
  };
}
