/** The relay's plan for its queue: lane and site of a recipient, by the rules and without the DNS. */
import type { Directory } from '@posthouse/directory';
import type { RoutePlanner } from '@posthouse/queue';
import { decideRoute, laneOf, senderOf } from './route.ts';
import type { RoutingTable } from './route.ts';

/** Makes the planner; it follows changes of the table and of the directory. */
export function createPlanner(
  routing: RoutingTable,
  directory: Pick<Directory, 'expand'>,
): RoutePlanner {
  return {
    plan(recipient, message) {
      const { route } = decideRoute(recipient, senderOf(message), routing);
      const lane = laneOf(route);
      return { lane, site: lane, own: route.kind === 'delivery' };
    },
    // The queue's own notifications do not pass the ingress, and their authors may be aliases.
    expand: (recipient) =>
      routing.isOwnDomain(recipient.domain) ? directory.expand(recipient).finals : [recipient],
  };
}
