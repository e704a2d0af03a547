/**
 * From a route to the hosts that may be tried, in order: asks the DNS where the route
 * says so.
 *
 * An answer of the DNS may be a proof (`no-such-domain`, `null-mx`, `route-to-self`);
 * trouble with the DNS never is (`routing-unavailable`). No more than `maxAddresses`
 * are given, so that a domain with many hosts cannot hold an attempt for ever.
 *
 * RFC 5321 §5; RFC 7505.
 */
import {
  displayDomain,
  isAddressLiteral,
  literalAddress,
  MailError,
  refuse,
} from '@posthouse/mail';
import type { Domain, MailDomain, Networks } from '@posthouse/mail';
import type { Answer, Resolver } from '@posthouse/dns';
import { fromSources, interleaveFamilies } from './host-address.ts';
import { chooseMx } from './mx.ts';
import type { MxHost } from './mx.ts';
import type { Route, RouteHost, SourceAddresses } from './route.ts';

/** One address to try. */
export interface NextHost {
  /** The host's name, for its certificate and for reports. */
  readonly name: string;
  readonly endpoint: RouteHost['endpoint'];
  /** Where the connection comes from. */
  readonly localAddress?: string;
  /** How the configuration wants it spoken to; absent for hosts from the DNS. */
  readonly setting?: RouteHost;
  /** Of hosts from the DNS: whose mail led there, and whether DNSSEC vouches for the way. */
  readonly foundFor?: { readonly domain: MailDomain; readonly isSigned: boolean };
}

/** Routes that lead to hosts. */
export type OnwardRoute = Exclude<Route, { kind: 'delivery' | 'off' | 'sink' }>;

export interface NextHostsOptions {
  /** Our own names: an MX list that holds one ends there. */
  readonly ourNames: ReadonlySet<string>;
  /** Addresses that no DNS record may lead us to. */
  readonly forbidden: Networks;
  /** Port of hosts found in DNS. @default 25 */
  readonly port?: number | undefined;
  /** @default 10 */
  readonly maxAddresses?: number | undefined;
}

export interface NextHostsDeps {
  readonly resolver: Pick<Resolver, 'mx' | 'addresses'>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Addresses that are ourselves; asked for each time. @default none */
  readonly ownAddresses?: (() => Networks) | undefined;
  /** Told of the hosts that take a domain's mail. */
  readonly onMx?: (domain: Domain, hosts: readonly Domain[]) => void;
}

/** Finds the hosts of a route, first to be tried first. */
export interface NextHosts {
  /** @throws MailError permanent only where the DNS gave the proof */
  find(route: OnwardRoute, signal?: AbortSignal): Promise<readonly NextHost[]>;
}

/** Makes the finder. */
export function createNextHosts(options: NextHostsOptions, deps: NextHostsDeps): NextHosts {
  return new HostFinder(options, deps);
}

class HostFinder implements NextHosts {
  readonly #options: NextHostsOptions;
  readonly #deps: NextHostsDeps;
  readonly #port: number;
  readonly #maxAddresses: number;

  constructor(options: NextHostsOptions, deps: NextHostsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#port = options.port ?? 25;
    this.#maxAddresses = options.maxAddresses ?? 10;
  }

  async find(route: OnwardRoute, signal?: AbortSignal): Promise<readonly NextHost[]> {
    switch (route.kind) {
      case 'hosts':
        return route.hosts.flatMap(namedHost);
      case 'literal':
        return reachable([this.#literalHost(route.domain)], route.source, this.#maxAddresses);
      case 'mx': {
        const found = await this.#findMx(route.domain, signal).catch((cause: unknown) => {
          throw asRoutingTrouble(cause, route.domain);
        });
        return reachable(found, route.source, this.#maxAddresses);
      }
    }
  }

  #literalHost(domain: MailDomain): NextHost {
    if (!isAddressLiteral(domain)) throw new TypeError('no address literal');
    const host = literalAddress(domain);
    if (this.#options.forbidden.includes(host) || this.#isOurs([host])) {
      throw refuse('route-to-self');
    }
    return {
      name: domain,
      endpoint: { host, port: this.#port },
      foundFor: { domain, isSigned: false },
    };
  }

  async #findMx(domain: Domain, signal?: AbortSignal): Promise<readonly NextHost[]> {
    const { forbidden, ourNames } = this.#options;
    const answer = await this.#deps.resolver.mx(domain, signal);
    const choice = chooseMx(answer, { domain, ourNames, random: this.#deps.random });
    if (choice.kind !== 'hosts') throw noHost(domain, choice.kind);
    this.#deps.onMx?.(
      domain,
      choice.hosts.map(({ name }) => name),
    );
    const found: (MxHost & { readonly address: string })[] = [];
    let trouble: unknown;
    let ours = Infinity;
    for (const host of choice.hosts) {
      if (found.length >= this.#maxAddresses || host.preference >= ours) break;
      try {
        const addresses = await this.#addressesOf(host.name, signal);
        if (addresses === 'ourselves') ours = host.preference;
        else found.push(...addresses.map((address) => ({ ...host, address })));
      } catch (error) {
        trouble = error; // the other hosts may still be found
      }
    }
    // To a host that is no better than ourselves it would go round (RFC 5321 §5.1).
    const better = found.filter(({ preference }) => preference < ours);
    const usable = better.filter(({ address }) => !forbidden.includes(address));
    const isSigned = answer.secure;
    if (usable.length > 0) return usable.map(foundHost({ domain, isSigned }, this.#port));
    if (trouble !== undefined) throw asRoutingTrouble(trouble, domain);
    const nobody = better.length === 0 && ours === Infinity;
    throw noHost(domain, nobody ? 'no-address' : 'ourselves');
  }

  /** Its addresses; none where they, or the name that an alias leads to, are our own. */
  async #addressesOf(host: Domain, signal?: AbortSignal): Promise<readonly string[] | 'ourselves'> {
    const { resolver } = this.#deps;
    const [six, four] = await Promise.allSettled([
      resolver.addresses(host, 6, signal),
      resolver.addresses(host, 4, signal),
    ]);
    const found = interleaveFamilies(recordsOf(six), recordsOf(four));
    const isOurName = namesOf(six, four).some((name) => this.#options.ourNames.has(name));
    if (isOurName || this.#isOurs(found)) return 'ourselves';
    if (found.length > 0) return found;
    for (const answer of [six, four]) if (answer.status === 'rejected') throw answer.reason;
    return [];
  }

  #isOurs(addresses: readonly string[]): boolean {
    const own = this.#deps.ownAddresses?.();
    return own !== undefined && addresses.some((address) => own.includes(address));
  }
}

type Found = NonNullable<NextHost['foundFor']>;

function foundHost(
  foundFor: Found,
  port: number,
): (found: { readonly name: string; readonly address: string }) => NextHost {
  return ({ address: host, name }) => ({ name, endpoint: { host, port }, foundFor });
}

/** A host of the configuration, once for each address that we may come from. */
function namedHost(setting: RouteHost): readonly NextHost[] {
  const { endpoint, source } = setting;
  const name = 'path' in endpoint ? endpoint.path : endpoint.host;
  return fromSources({ name, endpoint, setting }, source);
}

/** @throws MailError where no host is left, because we have no address of its family to come from */
function reachable(
  hosts: readonly NextHost[],
  source: SourceAddresses | undefined,
  max: number,
): readonly NextHost[] {
  const found = hosts.flatMap((host) => fromSources(host, source));
  if (found.length > 0) return found.slice(0, max);
  throw refuse('routing-unavailable', {
    text: 'The next hosts have no address of the family that we send from',
    scope: 'host',
  });
}

/** The names that the addresses stand at: where aliases led. */
function namesOf(...answers: readonly PromiseSettledResult<Answer<string>>[]): readonly string[] {
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.name] : []));
}

function recordsOf(answer: PromiseSettledResult<Answer<string>>): readonly string[] {
  return answer.status === 'fulfilled' && answer.value.kind === 'records'
    ? answer.value.records
    : [];
}

function noHost(
  domain: Domain,
  why: 'no-such-domain' | 'null-mx' | 'ourselves' | 'unusable' | 'no-address',
): MailError {
  const name = displayDomain(domain);
  switch (why) {
    case 'null-mx':
      return refuse('null-mx', { text: `${name} takes no mail (null MX)` });
    case 'ourselves':
      return refuse('route-to-self', { text: `The mail hosts of ${name} lead back to this host` });
    case 'no-such-domain':
      return refuse('no-such-domain', { text: `There is no domain ${name}` });
    case 'unusable':
    case 'no-address':
      // Records that lead nowhere are more often a mistake being mended than a wish (RFC 5321 §5.1).
      return refuse('routing-unavailable', { text: `No mail host of ${name} has an address` });
  }
}

function asRoutingTrouble(cause: unknown, domain: Domain): MailError {
  return cause instanceof MailError
    ? cause
    : refuse('routing-unavailable', {
        text: `The mail hosts of ${displayDomain(domain)} cannot be looked up at the moment`,
        cause,
        scope: 'host',
      });
}
