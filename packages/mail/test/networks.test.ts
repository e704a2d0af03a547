import { createNetworks, isThisHost } from '@posthouse/mail';
import { expect, it } from 'vitest';

it('knows its networks in both families, and mapped addresses', () => {
  const networks = createNetworks(['192.0.2.0/24', '2001:db8::/32', '198.51.100.7']);
  const inside = ['192.0.2.255', '::ffff:192.0.2.1', '2001:db8:1::1', '198.51.100.7'];
  const outside = ['192.0.3.0', '::1', '198.51.100.8', 'local', ''];
  expect(inside.filter((address) => !networks.includes(address))).toEqual([]);
  expect(outside.filter((address) => networks.includes(address))).toEqual([]);
});

it('trusts nobody when empty', () => {
  expect(createNetworks([]).includes('127.0.0.1')).toBe(false);
});

it.each(['', 'localhost', '192.0.2.0/33', '192.0.2.0/x', '192.0.2.0/', '192.0.2.0/8/8', '::1/129'])(
  'refuses %j by name',
  (network) => {
    expect(() => createNetworks([network])).toThrow(JSON.stringify(network));
  },
);

it('knows this host by name and address, bracketed or not', () => {
  const here = ['localhost', '127.0.0.1', '127.8.8.8', '::1', '[::1]', '::ffff:127.0.0.1'];
  const elsewhere = [
    '',
    '0.0.0.0',
    '::',
    'localhost.example.com',
    '127.0.0.1.example.com',
    '[::2]',
  ];
  expect(here.filter((host) => !isThisHost(host))).toEqual([]);
  expect(elsewhere.filter((host) => isThisHost(host))).toEqual([]);
});
