/**
 * Sets of networks: who may do what by the address he comes from.
 *
 * Text in CIDR form or a single address; IPv4-mapped IPv6 addresses count as the IPv4
 * address that they are. An address that is none belongs to no network.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { plainAddress } from './domain.ts';

/** A set of networks. */
export interface Networks {
  includes(address: string): boolean;
}

/** Whether an address is of this very host, so that nobody on the way can listen or change anything. */
export function isLoopback(address: string): boolean {
  return loopback.includes(address);
}

/** The same of a host as people write it: `localhost`, or an address, in brackets as in a URL or not. */
export function isThisHost(host: string): boolean {
  return host === 'localhost' || isLoopback(host.replace(/^\[(.*)\]$/, '$1'));
}

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 address, in which a client
 * has as many addresses as it likes. What is no address counts by itself.
 */
export function clientNetwork(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + after < 8) groups.push('0');
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** Reads networks. @throws RangeError naming the first that is none */
export function createNetworks(networks: readonly string[]): Networks {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits, ...more] = network.split('/');
    const family = isIP(address);
    const widest = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (family === 0 || more.length > 0 || !(prefix <= widest)) {
      throw new RangeError(
        `not a network: ${JSON.stringify(network)}; write 192.0.2.0/24 or 2001:db8::/32`,
      );
    }
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return {
    includes(address) {
      const plain = plainAddress(address);
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

const loopback = createNetworks(['127.0.0.0/8', '::1']);
