/**
 * The queue of a relay that does not run, for operators: its store is opened, and nothing
 * is sent. Who holds the store's lock keeps it: then `start` throws StoreError `in-use`.
 */
import type { Clock, Logger, Startable } from '@posthouse/mail';
import type { Directory } from '@posthouse/directory';
import { readNotedPace } from '@posthouse/queue';
import type { Store } from '@posthouse/queue';
import { createPaceRules } from '../pace.ts';
import { createPlanner } from '../planner.ts';
import type { RelayOptions } from '../relay.ts';
import { createRoutingTable } from '../routing-table.ts';
import { Sites } from '../sites.ts';
import { createOperation } from './operation.ts';
import type { QueueVerb } from './queue-verbs.ts';

export interface StandingQueueDeps {
  readonly store: Store;
  readonly directory: Pick<Directory, 'expand' | 'isOwnDomain'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface StandingQueue extends Startable {
  readonly verbs: Readonly<Record<string, QueueVerb>>;
}

/** As the queue names itself in leases where nothing else is said. */
const DEFAULT_OWNER = 'queue';

/** @param options of the relay whose queue it is */
export function createStandingQueue(options: RelayOptions, deps: StandingQueueDeps): StandingQueue {
  const { directory, store } = deps;
  const routing = createRoutingTable(options, directory);
  const pace = createPaceRules(routing, options.sendingLimits);
  const planner = createPlanner({ routing, directory, sites: new Sites(), pace: () => pace });
  return {
    verbs: createOperation(options, {
      ...deps,
      planner,
      pace: () => readNotedPace(store, { clock: deps.clock, planner }),
    }).verbs,
    async start() {
      await store.start();
      // Who had the store is dead, and so are its attempts.
      await store.recover(options.queue?.owner ?? DEFAULT_OWNER, deps.clock.now());
    },
    stop: () => store.stop(),
  };
}
