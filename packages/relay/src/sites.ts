/**
 * Who shares limits, shape and rests: the site of a route.
 *
 * Of hosts that the configuration names: the route, or the provider and the login where that is all
 * there is to it. Of hosts in the DNS: the provider of mailboxes that the domain is known to be of,
 * or that its MX hosts were seen to be of; else the set of its MX hosts; else, as long as nobody has
 * asked the DNS, the domain. The planner asks no DNS: what an attempt found out counts from the next.
 */
import type { Domain } from '@posthouse/mail';
import { mailboxProviderOfDomain, mailboxProviderOfHost } from '@posthouse/providers';
import { laneOf } from './route.ts';
import type { HostRoute, Route } from './route.ts';

const MAX_DOMAINS = 20_000;
/** A longer list of hosts is cut: it names the site and leads nowhere. */
const MAX_NAME = 200;

/** The site of named hosts. */
export function siteOfHosts(route: HostRoute): string {
  const [only, ...others] = route.hosts;
  if (only?.provider === undefined || others.length > 0) return laneOf(route);
  const user = only.authentication?.user;
  return user === undefined ? only.provider.name : `${only.provider.name} ${user}`;
}

export class Sites {
  /** What was found out, in the order of the last finding. */
  readonly #found = new Map<string, string>();

  of(route: Route): string {
    switch (route.kind) {
      case 'hosts':
        return siteOfHosts(route);
      case 'mx':
        return (
          mailboxProviderOfDomain(route.domain)?.name ??
          this.#found.get(route.domain) ??
          `mx:${route.domain}`
        );
      case 'delivery':
      case 'literal':
      case 'off':
      case 'sink':
        return laneOf(route);
    }
  }

  /** Takes note of the hosts that take a domain's mail. */
  learn(domain: Domain, hosts: readonly string[]): void {
    const site = siteOf(domain, hosts);
    this.#found.delete(domain);
    if (site === undefined) return;
    this.#found.set(domain, site);
    const [oldest] = this.#found.keys();
    if (this.#found.size > MAX_DOMAINS && oldest !== undefined) this.#found.delete(oldest);
  }
}

/** `undefined`: the domain stands for itself. */
function siteOf(domain: string, hosts: readonly string[]): string | undefined {
  const providers = new Set(hosts.map((host) => mailboxProviderOfHost(host)?.name));
  const [provider] = providers;
  if (providers.size === 1 && provider !== undefined) return provider;
  const set = [...new Set(hosts)].toSorted();
  if (set.length === 0 || (set.length === 1 && set[0] === domain)) return undefined;
  return `mx:${set.join(',')}`.slice(0, MAX_NAME);
}
