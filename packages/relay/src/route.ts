/**
 * Where a recipient's mail goes next: the decision, without asking the DNS. Pure.
 *
 * First rule that fits: own domain → delivery; the route of the recipient's domain; of the
 * account that logged in; of the reverse-path's domain; what is set for all other mail. For
 * domains the very name goes before the nearest one above it (`*.example.com`). Where mail must
 * go counts for more than who sends it. Mail to the outside is off until somebody configures it.
 */
import type { Domain, MailDomain, Mailbox, ReversePath } from '@posthouse/mail';
import { domainPatterns, isAddressLiteral, NULL_PATH } from '@posthouse/mail';
import type { Provider } from '@posthouse/providers';
import type { ConnectTarget } from '@posthouse/smtp';
import type { HostLimits } from './pace.ts';

/** Where our connections come from. A family for which none is given is not used, if the other one is. */
export interface SourceAddresses {
  readonly v4?: string;
  readonly v6?: string;
}

/** A host that is named in the configuration, and how it is spoken to. */
export interface RouteHost extends Pick<ConnectTarget, 'endpoint' | 'tls' | 'authentication'> {
  readonly source?: SourceAddresses;
  /** Whose host it is, where that is known: its limits, and what its replies mean. */
  readonly provider?: Provider;
  /** In place of what the provider documents. */
  readonly limits?: HostLimits;
}

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
  | { readonly kind: 'mx'; readonly source?: SourceAddresses }
  | HostRoute
  /** Into one mailbox of ours, whoever it is for: for staging systems. */
  | { readonly kind: 'sink'; readonly mailbox: Mailbox };

/** Where a recipient's mail goes. */
export type Route =
  | { readonly kind: 'delivery' }
  | Exclude<OutboundRoute, { kind: 'mx' }>
  | { readonly kind: 'mx'; readonly domain: Domain; readonly source?: SourceAddresses }
  /** An address literal: that very host (RFC 5321 §2.3.5). */
  | { readonly kind: 'literal'; readonly domain: MailDomain; readonly source?: SourceAddresses };

/** Who sends: what a rule may look at. */
export interface RoutedSender {
  readonly reversePath: ReversePath;
  /** Who logged in at the submission agent, as `alice@example.com`. */
  readonly account?: string | undefined;
}

/** The rules, from the configuration. */
export interface RoutingTable {
  isOwnDomain(domain: MailDomain): boolean;
  /** By the recipient's domain, or `*.domain` for all names below it. */
  readonly routes: ReadonlyMap<string, OutboundRoute>;
  /** By account. */
  readonly accountRoutes: ReadonlyMap<string, OutboundRoute>;
  /** By the reverse-path's domain, or `*.domain`. The null path has none. */
  readonly senderRoutes: ReadonlyMap<string, OutboundRoute>;
  /** For all other mail. */
  readonly outbound: OutboundRoute;
}

/** The rule that led to a route; `key` is what stands in the table. */
export type RoutingRule =
  | { readonly by: 'own-domain' }
  | { readonly by: 'recipient' | 'account' | 'sender'; readonly key: string }
  | { readonly by: 'default' };

/** A route, and the rule that led to it. */
export interface RoutingDecision {
  readonly route: Route;
  readonly rule: RoutingRule;
}

/** Who sent a message, as its record tells it. */
export function senderOf({
  reversePath,
  origin,
}: {
  readonly reversePath: ReversePath;
  readonly origin: { readonly identity?: { readonly account: string } };
}): RoutedSender {
  return { reversePath, account: origin.identity?.account };
}

/** Decides. */
export function decideRoute(
  { domain }: Mailbox,
  sender: RoutedSender,
  table: RoutingTable,
): RoutingDecision {
  if (table.isOwnDomain(domain)) return { route: { kind: 'delivery' }, rule: { by: 'own-domain' } };
  const { rule, outbound } = ruleFor(domain, sender, table);
  return { route: routeFor(domain, outbound), rule };
}

function ruleFor(
  domain: MailDomain,
  { account, reversePath }: RoutedSender,
  { accountRoutes, outbound, routes, senderRoutes }: RoutingTable,
): { readonly rule: RoutingRule; readonly outbound: OutboundRoute } {
  return (
    firstOf('recipient', routes, () => domainPatterns(domain)) ??
    firstOf('account', accountRoutes, () => (account === undefined ? [] : [account])) ??
    firstOf('sender', senderRoutes, () =>
      reversePath === NULL_PATH ? [] : domainPatterns(reversePath.domain),
    ) ?? { rule: { by: 'default' }, outbound }
  );
}

function firstOf(
  by: 'recipient' | 'account' | 'sender',
  table: ReadonlyMap<string, OutboundRoute>,
  keys: () => readonly string[],
): { readonly rule: RoutingRule; readonly outbound: OutboundRoute } | undefined {
  if (table.size === 0) return undefined;
  for (const key of keys()) {
    const outbound = table.get(key);
    if (outbound !== undefined) return { rule: { by, key }, outbound };
  }
  return undefined;
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
      return `${route.kind}:${route.domain}${sourceText(route.source)}`;
  }
}

function sourceText(source: SourceAddresses | undefined): string {
  if (source === undefined) return '';
  return ` from ${[source.v4, source.v6].filter((address) => address !== undefined).join(',')}`;
}

function routeFor(domain: MailDomain, outbound: OutboundRoute): Route {
  if (outbound.kind !== 'mx') return outbound;
  return isAddressLiteral(domain)
    ? { ...outbound, kind: 'literal', domain }
    : { ...outbound, domain };
}
