/**
 * How much goes where, for people: of a queue that runs, and of one that stands still, by what it
 * has noted.
 */
import type { Clock } from '@posthouse/mail';
import type { RateStanding } from './allowances.ts';
import { Pacing } from './pacing.ts';
import type { AllowanceKey, RoutePlanner } from './route.ts';
import { shapedAlone } from './site-standing.ts';
import type { SiteStanding } from './site-standing.ts';
import type { Store } from './store.ts';

/** What a `Queue` offers of it, too. */
export interface PaceView {
  /** Every site that is known, with what it may have: its rates, its rest, and what was learnt of it. */
  sites(): Iterable<SiteStanding>;
  /** What is used of the rates of a site, an account or a tenant. */
  rates(key: AllowanceKey): readonly RateStanding[];
}

/** By the notes of a queue that does not run: shapes, and what is used of the long windows. */
export async function readNotedPace(
  store: Pick<Store, 'notes'>,
  { clock, planner }: { readonly clock: Clock; readonly planner: Pick<RoutePlanner, 'rates'> },
): Promise<PaceView> {
  const pacing = new Pacing(planner);
  pacing.restore(await store.notes());
  return {
    *sites() {
      for (const site of pacing.shapedSites()) yield shapedAlone(site, pacing, clock.now());
    },
    rates: (key) => pacing.standings(key, clock.now()),
  };
}
