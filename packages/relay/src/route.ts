/**
 * Where a recipient's mail goes next: the decision, without asking the DNS. Pure.
 *
 * First rule that fits: own domain → delivery; static route of the recipient's domain;
 * static route of the author's domain; then what is set for all other mail. Mail to the
 * outside is off until somebody configures it.
 */
import type { Domain, MailDomain, Mailbox, ReversePath } from '@posthouse/mail';
import { isAddressLiteral, NULL_PATH } from '@posthouse/mail';

/** A host that is named in the configuration. */
export interface RouteHost {
  /** Name or IP address. */
  readonly host: string;
  readonly port: number;
  readonly tls: 'off' | 'opportunistic' | 'required' | 'implicit';
  /** Whether its certificate must be good for its name; needs TLS. */
  readonly verifyCertificate: boolean;
  readonly credentials?: { readonly user: string; readonly password: string };
}

/** Hosts to be tried in order, under a name for lanes and reports. */
export interface HostRoute {
  readonly kind: 'hosts';
  readonly name: string;
  readonly hosts: readonly RouteHost[];
}

/** Where to. */
export type Route =
  | { readonly kind: 'delivery' }
  | HostRoute
  | { readonly kind: 'mx'; readonly domain: Domain }
  /** An address literal: that very host (RFC 5321 §2.3.5). */
  | { readonly kind: 'literal'; readonly domain: MailDomain }
  | { readonly kind: 'off' };

/** The rules, from the configuration. */
export interface RoutingTable {
  readonly isOwnDomain: (domain: MailDomain) => boolean;
  readonly byRecipientDomain: ReadonlyMap<string, HostRoute>;
  readonly bySenderDomain: ReadonlyMap<string, HostRoute>;
  /** For all other mail. */
  readonly outbound: 'off' | 'mx' | HostRoute;
}

/** Which rule decided, for `explain`. */
export type RoutingRule = 'own domain' | 'recipient route' | 'sender route' | 'outbound';

export interface RoutingDecision {
  readonly route: Route;
  readonly rule: RoutingRule;
}

/** Decides. */
export function decideRoute(
  recipient: Mailbox,
  reversePath: ReversePath,
  table: RoutingTable,
): RoutingDecision {
  const { domain } = recipient;
  if (table.isOwnDomain(domain)) return { route: { kind: 'delivery' }, rule: 'own domain' };
  const byRecipient = table.byRecipientDomain.get(domain);
  if (byRecipient !== undefined) return { route: byRecipient, rule: 'recipient route' };
  const bySender =
    reversePath === NULL_PATH ? undefined : table.bySenderDomain.get(reversePath.domain);
  if (bySender !== undefined) return { route: bySender, rule: 'sender route' };
  return { route: outboundRoute(domain, table.outbound), rule: 'outbound' };
}

/** The lane of a route: all that shares connections. A hint for the queue, computed again at each attempt. */
export function laneOf(route: Route): string {
  switch (route.kind) {
    case 'delivery':
    case 'off':
      return route.kind;
    case 'hosts':
      return `hosts:${route.name}`;
    case 'mx':
    case 'literal':
      return `${route.kind}:${route.domain}`;
  }
}

function outboundRoute(domain: MailDomain, outbound: RoutingTable['outbound']): Route {
  if (outbound === 'off') return { kind: 'off' };
  if (outbound !== 'mx') return outbound;
  return isAddressLiteral(domain) ? { kind: 'literal', domain } : { kind: 'mx', domain };
}
