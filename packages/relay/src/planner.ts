/**
 * The relay's plan for its queue: lane, site and allowances of a recipient, by the rules and without
 * the DNS.
 *
 * Senders with rates of their own have lanes of their own: so one who has used his up waits alone.
 */
import type { Directory } from '@posthouse/directory';
import type { RoutePlanner } from '@posthouse/queue';
import type { PaceRules } from './pace.ts';
import { decideRoute, laneOf, senderOf } from './route.ts';
import type { RoutingTable } from './route.ts';
import type { Sites } from './sites.ts';

export interface PlannerDeps {
  readonly routing: RoutingTable;
  readonly directory: Pick<Directory, 'expand'>;
  readonly sites: Pick<Sites, 'of'>;
  /** As they are now. */
  readonly pace: () => PaceRules;
}

/** Makes the planner; it follows changes of the table, of the limits and of the directory. */
export function createPlanner({ directory, pace, routing, sites }: PlannerDeps): RoutePlanner {
  return {
    plan(recipient, message) {
      const sender = senderOf(message);
      const { route } = decideRoute(recipient, sender, routing);
      const lane = laneOf(route);
      if (route.kind === 'delivery') return { lane, site: lane, own: true };
      const site = sites.of(route);
      const rules = pace();
      const allowances = rules.allowancesOf(sender);
      const maxRecipients = rules.maxRecipientsOf(site);
      return {
        lane: allowances.length === 0 ? lane : `${lane} by ${allowances.join(', ')}`,
        site,
        ...(allowances.length === 0 ? {} : { allowances }),
        ...(maxRecipients === undefined ? {} : { maxRecipients }),
      };
    },
    // The queue's own notifications do not pass the ingress, and their authors may be aliases.
    expand: (recipient) =>
      routing.isOwnDomain(recipient.domain) ? directory.expand(recipient).finals : [recipient],
    limits: (site) => pace().limitsOfSite(site),
    rates: (key) => pace().ratesOf(key),
  };
}
