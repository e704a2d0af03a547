/**
 * The next hops that stand for other hosts, one for each host and what TLS it must have,
 * with its sessions: a connection is used again only where the same is demanded of it.
 *
 * Hosts that the configuration names are spoken to as it says, others as their security
 * says. Hops that were not used for the longest are let go when there are many; stopping
 * lets sessions end that carry a message.
 */
import type { Clock, Domain, Logger, MailReceiver, Startable } from '@posthouse/mail';
import { createNextHop, OUTBOUND_TIMEOUTS, RestingRoom } from '@posthouse/smtp';
import type { ConnectTarget, NextHop, OnTls, SessionPoolOptions, TargetTls } from '@posthouse/smtp';
import type { NextHost } from './next-hosts.ts';
import { limitsOfHost } from './pace.ts';
import type { RouteHost } from './route.ts';

export interface PeersOptions {
  /** Our name in EHLO. */
  readonly hostname: Domain;
  /** Next hops that are remembered. @default 2000 */
  readonly maxHops?: number | undefined;
  /** Connections that are kept open though nobody uses them, to all hosts together. @default 1000 */
  readonly maxResting?: number | undefined;
}

export interface PeersDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Next hops by host. */
export interface Peers extends Startable {
  /** Another host, over SMTP. @param secured how a host from the DNS is spoken to */
  host(host: NextHost, secured?: Secured): Promise<MailReceiver>;
}

/** What TLS a host must have, and who keeps account of it. */
export interface Secured {
  /** Equal where the same is demanded; short, for it is compared at each attempt. */
  readonly key: string;
  readonly tls: TargetTls;
  /** Of connections that are opened from now on. */
  readonly onTls: OnTls;
}

/** A next hop, with whoever asked for it last: what is opened is opened for him. */
interface Hop {
  readonly hop: NextHop;
  secured: Secured | undefined;
}

/** Makes next hops when they are asked for. */
export function createPeers(options: PeersOptions, deps: PeersDeps): Peers {
  const { hostname, maxHops = 2000, maxResting = 1000 } = options;
  const room = new RestingRoom({ maxResting }, deps.clock);
  /** In the order of their last use. */
  const hops = new Map<string, Hop>();

  function makeHop(host: NextHost, secured: Secured | undefined): Hop {
    const onTls: OnTls = (outcome) => made.secured?.onTls(outcome);
    const target = targetOf(host, hostname, secured);
    const pool = poolOf(host);
    const made: Hop = { hop: createNextHop({ target, pool }, { ...deps, onTls, room }), secured };
    return made;
  }

  function forgetOldest(): void {
    const [oldest] = hops;
    if (oldest === undefined) return;
    const [key, { hop }] = oldest;
    hops.delete(key);
    hop.stop().catch((error: unknown) => {
      deps.logger.warn(
        { event: 'next-hop-stop-failed', err: error },
        'A next hop did not stop well',
      );
    });
  }

  return {
    async host(host, secured) {
      const key = keyOf(host, secured);
      const known = hops.get(key);
      const used = known ?? makeHop(host, secured);
      used.secured = secured;
      // While there is room for all, nobody asks in which order they were used.
      if (known === undefined || hops.size > maxHops / 2) {
        hops.delete(key);
        hops.set(key, used);
      }
      if (hops.size > maxHops) forgetOldest();
      await used.hop.start();
      return used.hop;
    },
    start: () => Promise.resolve(),
    async stop() {
      await Promise.all([...hops.values()].map(({ hop }) => hop.stop()));
      hops.clear();
    },
  };
}

/** The next hop of our own delivery agent, over LMTP: it is told where a message came from. */
export function createDeliveryHop(host: RouteHost, hostname: Domain, deps: PeersDeps): NextHop {
  const target: ConnectTarget = {
    ...host,
    protocol: 'lmtp',
    greeting: hostname,
    shareContext: true,
    timeouts: OUTBOUND_TIMEOUTS,
  };
  return createNextHop({ target }, deps);
}

function keyOf({ name, endpoint, localAddress, setting }: NextHost, secured?: Secured): string {
  return JSON.stringify([name, endpoint, localAddress, setting, secured?.key]);
}

/** Connections as the host allows them. */
function poolOf({ setting }: NextHost): SessionPoolOptions {
  if (setting === undefined) return {};
  const { maxConnections, maxMessagesPerConnection } = limitsOfHost(setting);
  return {
    ...(maxConnections !== undefined && { maxConnections }),
    ...(maxMessagesPerConnection !== undefined && { maxMessagesPerConnection }),
  };
}

/** How a host is spoken to. */
export function targetOf(host: NextHost, greeting: Domain, secured?: Secured): ConnectTarget {
  const { authentication, tls } = host.setting ?? {};
  return {
    servername: host.name,
    tls: tls ?? secured?.tls ?? { mode: 'opportunistic', verify: false },
    ...(authentication && { authentication }),
    ...(host.localAddress !== undefined && { localAddress: host.localAddress }),
    endpoint: host.endpoint,
    protocol: 'smtp',
    greeting,
    timeouts: OUTBOUND_TIMEOUTS,
  };
}
