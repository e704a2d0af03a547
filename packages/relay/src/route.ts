/**
 * Where a recipient's mail goes next: the decision, without asking the DNS. Pure.
 *
 * First rule that fits: own domain → delivery; the route of the recipient's very domain;
 * the route of the nearest domain above it (`*.example.com`); what is set for all other
 * mail. Mail to the outside is off until somebody configures it.
 */
import type { Domain, MailDomain, Mailbox } from '@posthouse/mail';
import { isAddressLiteral } from '@posthouse/mail';
import type { ConnectTarget } from '@posthouse/smtp';

/** A host that is named in the configuration, and how it is spoken to. */
export type RouteHost = Pick<ConnectTarget, 'endpoint' | 'tls' | 'authentication'>;

/** Hosts to be tried in order. */
export interface HostRoute {
  readonly kind: 'hosts';
  /** Names the route in lanes and reports: one name, one set of hosts. */
  readonly name: string;
  readonly hosts: readonly RouteHost[];
}

/** What can be set for mail to other domains. */
export type OutboundRoute =
  | { readonly kind: 'off' }
  | { readonly kind: 'mx' }
  | HostRoute
  /** Into one mailbox of ours, whoever it is for: for staging systems. */
  | { readonly kind: 'sink'; readonly mailbox: Mailbox };

/** Where a recipient's mail goes. */
export type Route =
  | { readonly kind: 'delivery' }
  | Exclude<OutboundRoute, { kind: 'mx' }>
  | { readonly kind: 'mx'; readonly domain: Domain }
  /** An address literal: that very host (RFC 5321 §2.3.5). */
  | { readonly kind: 'literal'; readonly domain: MailDomain };

/** The rules, from the configuration. */
export interface RoutingTable {
  isOwnDomain(domain: MailDomain): boolean;
  /** Domain, or `*.domain` for all names below it. */
  readonly routes: ReadonlyMap<string, OutboundRoute>;
  /** For all other mail. */
  readonly outbound: OutboundRoute;
}

/** A route, and the rule that led to it: `own domain`, `outbound`, or the key of `routes`. */
export interface RoutingDecision {
  readonly route: Route;
  readonly rule: string;
}

/** Decides. */
export function decideRoute({ domain }: Mailbox, table: RoutingTable): RoutingDecision {
  if (table.isOwnDomain(domain)) return { route: { kind: 'delivery' }, rule: 'own domain' };
  for (const key of patternsOf(domain)) {
    const found = table.routes.get(key);
    if (found !== undefined) return { route: routeFor(domain, found), rule: key };
  }
  return { route: routeFor(domain, table.outbound), rule: 'outbound' };
}

/** The lane of a route: all that shares connections. A hint for the queue, computed again at each attempt. */
export function laneOf(route: Route): string {
  switch (route.kind) {
    case 'delivery':
    case 'off':
    case 'sink':
      return route.kind;
    case 'hosts':
      return `hosts:${route.name}`;
    case 'mx':
    case 'literal':
      return `${route.kind}:${route.domain}`;
  }
}

function routeFor(domain: MailDomain, outbound: OutboundRoute): Route {
  if (outbound.kind !== 'mx') return outbound;
  return isAddressLiteral(domain) ? { kind: 'literal', domain } : { kind: 'mx', domain };
}

/** The domain itself, then `*.` and each domain above it, nearest first. */
function patternsOf(domain: MailDomain): readonly string[] {
  if (isAddressLiteral(domain)) return [domain];
  const labels = domain.split('.');
  return [domain, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`)];
}
