/**
 * Sets of networks: who may do what by the address he comes from.
 *
 * Text in CIDR form or a single address; IPv4-mapped IPv6 addresses count as the IPv4
 * address that they are. An address that is none belongs to no network.
 */
import { BlockList, isIP } from 'node:net';
import { plainAddress } from './domain.ts';

/** A set of networks. */
export interface Networks {
  includes(address: string): boolean;
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
