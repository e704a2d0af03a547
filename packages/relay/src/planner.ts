/** The relay's plan for its queue: lane and site of a recipient, by the rules and without the DNS. */
import type { Mailbox } from '@posthouse/mail';
import type { RoutePlanner } from '@posthouse/queue';
import { decideRoute, laneOf } from './route.ts';
import type { RoutingTable } from './route.ts';

/** Makes the planner; it follows changes of the table. */
export function createPlanner(routing: RoutingTable): RoutePlanner {
  return {
    plan(recipient: Mailbox) {
      const { route } = decideRoute(recipient, routing);
      const lane = laneOf(route);
      return { lane, site: lane, own: route.kind === 'delivery' };
    },
  };
}
