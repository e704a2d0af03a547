/**
 * The rules of routing from a relay's options. Pure.
 *
 * @throws TypeError for a sink that is no mailbox of ours, which would send mail round
 */
import { displayMailbox } from '@posthouse/mail';
import type { Directory } from '@posthouse/directory';
import type { RelayOptions } from './relay.ts';
import type { OutboundRoute, RoutingTable } from './route.ts';

/** Makes the table. */
export function createRoutingTable(
  options: Pick<RelayOptions, 'accountRoutes' | 'outbound' | 'routes' | 'senderRoutes'>,
  directory: Pick<Directory, 'isOwnDomain'>,
): RoutingTable {
  const table: RoutingTable = {
    isOwnDomain: (domain) => directory.isOwnDomain(domain),
    routes: mapOf(options.routes),
    accountRoutes: mapOf(options.accountRoutes),
    senderRoutes: mapOf(options.senderRoutes),
    outbound: options.outbound ?? { kind: 'off' },
  };
  const { accountRoutes, outbound, routes, senderRoutes } = table;
  const all = [...routes.values(), ...accountRoutes.values(), ...senderRoutes.values(), outbound];
  for (const route of all) {
    if (route.kind === 'sink' && !table.isOwnDomain(route.mailbox.domain)) {
      throw new TypeError(`the sink ${displayMailbox(route.mailbox)} is no mailbox of ours`);
    }
  }
  return table;
}

/** The table that is valid now, for those who keep it. */
export function followRoutingTable(current: () => RoutingTable): RoutingTable {
  return {
    isOwnDomain: (domain) => current().isOwnDomain(domain),
    get routes() {
      return current().routes;
    },
    get accountRoutes() {
      return current().accountRoutes;
    },
    get senderRoutes() {
      return current().senderRoutes;
    },
    get outbound() {
      return current().outbound;
    },
  };
}

function mapOf(
  routes: Readonly<Record<string, OutboundRoute>> | undefined,
): ReadonlyMap<string, OutboundRoute> {
  return new Map(Object.entries(routes ?? {}));
}
