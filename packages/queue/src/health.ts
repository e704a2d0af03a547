/**
 * Whether a lane or a site takes mail at present: well, resting, or probing.
 *
 * `well`     troubles are counted in failed pseudo-cohorts: each adds one part in as many attempts
 *            as may run at once, any answer of the host sets the count back. At one the site is dead.
 * `resting`  nothing is attempted before `until`.
 * `probing`  the rest is over: one attempt finds out. An answer makes it well, trouble makes it rest
 *            twice as long as the last time, up to a limit.
 *
 * So a dead host costs one time-out a rest and not one a message. Pseudo-cohorts
 * are Postfix's (SCHEDULER_README); its rest does not grow, ours does.
 */

/** Plain data. */
export type Health =
  | { readonly kind: 'well'; readonly failedCohorts: number }
  | { readonly kind: 'resting'; readonly until: number; readonly restMs: number }
  | { readonly kind: 'probing'; readonly restMs: number };

/** How long to rest. */
export interface RestRule {
  readonly restMs: number;
  readonly maxRestMs: number;
}

/** No trouble known. */
export const WELL: Health = Object.freeze({ kind: 'well', failedCohorts: 0 });

/**
 * The health as it stands at a time: a rest that is over has become a probe. So has one that would
 * last longer than it did when it began: the clock was put back.
 */
export function healthAt(health: Health, now: number): Health {
  if (health.kind !== 'resting') return health;
  const { until, restMs } = health;
  return now >= until || until - now > restMs ? { kind: 'probing', restMs } : health;
}

/** The health once somebody says that the rest is over. */
export function awake(health: Health): Health {
  return health.kind === 'resting' ? { kind: 'probing', restMs: health.restMs } : health;
}

/** After the host has named a rest: at once, and longer each time, should the probe say the same. */
export function restedFor(health: Health, restMs: number, now: number, rule: RestRule): Health {
  if (health.kind === 'resting') {
    return health.until >= now + restMs ? health : { ...health, until: now + restMs };
  }
  const again = health.kind === 'probing' ? Math.min(2 * health.restMs, rule.maxRestMs) : restMs;
  const ms = Math.max(restMs, again);
  return { kind: 'resting', until: now + ms, restMs: ms };
}

/** After trouble of the host, with this many attempts in a cohort. */
export function troubled(health: Health, cohort: number, now: number, rule: RestRule): Health {
  switch (health.kind) {
    case 'well': {
      const failedCohorts = health.failedCohorts + 1 / Math.max(1, cohort);
      return failedCohorts >= 1 - 1e-9 // sums of 1/N end a hair below 1
        ? { kind: 'resting', until: now + rule.restMs, restMs: rule.restMs }
        : { kind: 'well', failedCohorts };
    }
    case 'probing': {
      const restMs = Math.min(health.restMs * 2, rule.maxRestMs);
      return { kind: 'resting', until: now + restMs, restMs };
    }
    case 'resting':
      return health; // an attempt that began before the rest: nothing new is learnt
  }
}
