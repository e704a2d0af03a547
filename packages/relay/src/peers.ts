/**
 * The next hops that stand for other hosts, one for each host, with its sessions.
 *
 * TLS towards hosts that DNS named is opportunistic: any certificate is better than
 * none, and what it was stands in the events (RFC 7435). Hosts that the configuration
 * names are spoken to as it says. Hops that were not used for the longest are let go
 * when there are many; stopping lets sessions end that carry a message.
 */
import type { Clock, Domain, Logger, MailReceiver, Startable } from '@posthouse/mail';
import { createNextHop, OUTBOUND_TIMEOUTS } from '@posthouse/smtp';
import type { ConnectTarget, NextHop } from '@posthouse/smtp';
import type { NextHost } from './next-hosts.ts';
import type { RouteHost } from './route.ts';

export interface PeersOptions {
  /** Our name in EHLO. */
  readonly hostname: Domain;
  /** Next hops that are remembered. @default 2000 */
  readonly maxHops?: number | undefined;
}

export interface PeersDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Next hops by host. */
export interface Peers extends Startable {
  /** Another host, over SMTP. */
  host(host: NextHost): Promise<MailReceiver>;
}

/** Makes next hops when they are asked for. */
export function createPeers(options: PeersOptions, deps: PeersDeps): Peers {
  const { hostname, maxHops = 2000 } = options;
  /** In the order of their last use. */
  const hops = new Map<string, NextHop>();

  function forgetOldest(): void {
    const [oldest] = hops;
    if (oldest === undefined) return;
    const [key, hop] = oldest;
    hops.delete(key);
    hop.stop().catch((error: unknown) => {
      deps.logger.warn(
        { event: 'next-hop-stop-failed', err: error },
        'A next hop did not stop well',
      );
    });
  }

  return {
    async host(host) {
      const key = JSON.stringify([host.name, host.endpoint, host.localAddress, host.setting]);
      const hop = hops.get(key) ?? createNextHop({ target: targetOf(host, hostname) }, deps);
      hops.delete(key);
      hops.set(key, hop);
      if (hops.size > maxHops) forgetOldest();
      await hop.start();
      return hop;
    },
    start: () => Promise.resolve(),
    async stop() {
      await Promise.all([...hops.values()].map((hop) => hop.stop()));
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

function targetOf(host: NextHost, greeting: Domain): ConnectTarget {
  const { authentication, tls } = host.setting ?? {};
  return {
    servername: host.name,
    tls: tls ?? { mode: 'opportunistic', verify: false },
    ...(authentication && { authentication }),
    ...(host.localAddress !== undefined && { localAddress: host.localAddress }),
    endpoint: host.endpoint,
    protocol: 'smtp',
    greeting,
    timeouts: OUTBOUND_TIMEOUTS,
  };
}
