/**
 * Which IP addresses a name found in DNS may send us to, which are our own, and which of ours
 * we come from.
 *
 * A domain's owner writes its MX records, so they are a peer's word: an address of this
 * machine or of no machine at all would make us talk to ourselves or to whatever else
 * listens here. Routes that the configuration names are not asked.
 *
 * RFC 6890 (special-purpose addresses), RFC 5321 §5.1 (loops).
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createNetworks } from '@posthouse/mail';
import type { Networks } from '@posthouse/mail';
import type { NextHost } from './next-hosts.ts';
import type { SourceAddresses } from './route.ts';

/** Never a mail host of somebody else's. */
const UNROUTABLE_NETWORKS: readonly string[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
];

/** The networks that no MX may lead to. @throws RangeError for text that is no network */
export function createForbiddenNetworks(
  networks: readonly string[] = UNROUTABLE_NETWORKS,
): Networks {
  return createNetworks(networks);
}

/** The addresses of this machine, as they are now. Loopback is none that another domain means. */
export function createOwnAddresses(): () => Networks {
  let known = '';
  let networks = createNetworks([]);
  return () => {
    const addresses = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ internal }) => !internal)
      .map(({ address }) => address);
    const now = addresses.join();
    if (now !== known) networks = createNetworks(addresses);
    known = now;
    return networks;
  };
}

/**
 * Addresses of both families in turn, IPv6 first, each family in the order given: a dead
 * family then costs one attempt before the other is tried (RFC 8305 §4).
 */
export function interleaveFamilies(
  six: readonly string[],
  four: readonly string[],
): readonly string[] {
  const longest = Math.max(six.length, four.length);
  return Array.from({ length: longest }, (_, i) => [six[i], four[i]])
    .flat()
    .filter((address) => address !== undefined);
}

/**
 * The host once for each source address that reaches it: one of the other family cannot, and a name
 * may have addresses of both. None where we have no address of its family.
 */
export function fromSources(
  host: NextHost,
  source: SourceAddresses | undefined,
): readonly NextHost[] {
  const { endpoint } = host;
  if (source === undefined || 'path' in endpoint) return [host];
  const family = isIP(endpoint.host);
  const usable = [family === 4 ? undefined : source.v6, family === 6 ? undefined : source.v4];
  return usable.flatMap((localAddress) =>
    localAddress === undefined ? [] : { ...host, localAddress },
  );
}
