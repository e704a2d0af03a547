import { createResolver } from '@posthouse/dns';
import type { Resolver } from '@posthouse/dns';
import { createDnsServer } from '@posthouse/dns/testing';
import { createNetworks, literalOf, silentLogger, systemClock } from '@posthouse/mail';
import type { Startable } from '@posthouse/mail';
import { domain } from '@posthouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createForbiddenNetworks, fromSources, interleaveFamilies } from '../src/host-address.ts';
import { createNextHosts } from '../src/next-hosts.ts';
import type { NextHost, NextHosts } from '../src/next-hosts.ts';

const server = createDnsServer(
  {
    'two.test': {
      mx: [
        [20, 'b.two.test'],
        [10, 'a.two.test'],
      ],
    },
    'a.two.test': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'] },
    'b.two.test': { a: ['192.0.2.3'] },
    'bare.test': { a: ['192.0.2.9'] },
    'null.test': { mx: [[0, '.']] },
    'round.test': { mx: [[5, 'us.test']] },
    'inward.test': { mx: [[5, 'inside.test']] },
    'inside.test': { a: ['127.0.0.1'], aaaa: ['::1'] },
    'void.test': { mx: [[5, 'nothing.test']] },
    'nothing.test': { txt: ['here'] },
    'halfill.test': {
      mx: [
        [5, 'ill.test'],
        [10, 'b.two.test'],
      ],
    },
    'allill.test': { mx: [[5, 'ill.test']] },
    'alias.test': { cname: 'two.test' },
    'mxalias.test': { mx: [[5, 'mailalias.test']] },
    'mailalias.test': { cname: 'b.two.test' },
    'roundalias.test': { mx: [[5, 'usalias.test']] },
    'usalias.test': { cname: 'us.test' },
    'us.test': { a: ['192.0.2.100'] },
    'ouraddress.test': {
      mx: [
        [5, 'b.two.test'],
        [10, 'a.two.test'],
        [10, 'mine.test'],
        [20, 'bare.test'],
      ],
    },
    'mine.test': { a: ['198.51.100.1'] },
    'oursalone.test': { mx: [[5, 'mine.test']] },
    'oursbare.test': { a: ['198.51.100.1'] },
    'nonsense.test': { mx: [[5, 'no_host']], a: ['192.0.2.8'] },
  },
  { 'ill.test': 'server-failure', 'sick.test': 'server-failure' },
);
let resolver: Resolver & Startable;
let nextHosts: NextHosts;

beforeAll(async () => {
  await server.start();
  resolver = createResolver(
    { servers: [server.address], attempts: 1 },
    { clock: systemClock, logger: silentLogger },
  );
  await resolver.start();
  nextHosts = createNextHosts(
    { ourNames: new Set(['us.test']), forbidden: createForbiddenNetworks() },
    { resolver, random: () => 0, ownAddresses: () => createNetworks(['198.51.100.1']) },
  );
});
afterAll(async () => {
  await resolver.stop();
  await server.stop();
});

const find = (name: string): Promise<readonly NextHost[]> =>
  nextHosts.find({ kind: 'mx', domain: domain(name) });
const addresses = async (name: string) =>
  (await find(name)).map(({ endpoint }) => ('host' in endpoint ? endpoint.host : endpoint.path));

describe('the hosts of a domain', () => {
  it('are its MX hosts by preference, both families in turn', async () => {
    expect(await addresses('two.test')).toEqual([
      '2001:db8::1',
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.3',
    ]);
    expect((await find('two.test'))[0]).toMatchObject({
      name: 'a.two.test',
      endpoint: { port: 25 },
    });
  });

  it('are the domain itself where it has no MX', async () => {
    expect(await addresses('bare.test')).toEqual(['192.0.2.9']);
  });

  it.each([
    ['null.test', '556 5.1.10'],
    ['absent.test', '550 5.1.2'],
    ['round.test', '554 5.4.6'],
    ['inward.test', '554 5.4.6'],
    ['roundalias.test', '554 5.4.6'],
    ['oursalone.test', '554 5.4.6'],
    ['oursbare.test', '554 5.4.6'],
  ])('prove that %s can get no mail: %s', async (name, reply) => {
    await expect(find(name)).rejects.toMatchObject({ permanent: true });
    await expect(find(name)).rejects.toThrow(reply);
  });

  it.each(['void.test', 'allill.test', 'sick.test', 'nonsense.test'])(
    'prove nothing where the DNS is in trouble or the records are unfinished: %s',
    async (name) => {
      await expect(find(name)).rejects.toMatchObject({
        code: 'routing-unavailable',
        permanent: false,
      });
    },
  );

  it.each([
    ['of a domain', 'alias.test', ['2001:db8::1', '192.0.2.1', '192.0.2.2', '192.0.2.3']],
    ['of a mail host', 'mxalias.test', ['192.0.2.3']],
  ])('are found by way of an alias %s', async (_, name, found) => {
    expect(await addresses(name)).toEqual(found);
  });

  it('are those before the one that is ourselves by its address, none as good as it', async () => {
    expect(await addresses('ouraddress.test')).toEqual(['192.0.2.3']);
  });

  it('are those that can be found, where one cannot', async () => {
    expect(await addresses('halfill.test')).toEqual(['192.0.2.3']);
  });
});

describe('other routes', () => {
  it('go to the very address of a literal, but not to ourselves', async () => {
    const literal = (address: string) =>
      nextHosts.find({ kind: 'literal', domain: literalOf(address) });
    expect(await literal('192.0.2.7')).toMatchObject([{ endpoint: { host: '192.0.2.7' } }]);
    await expect(literal('127.0.0.1')).rejects.toThrow('554 5.4.6');
  });

  it('believe the configuration, loopback included', async () => {
    const endpoint = { host: '127.0.0.1', port: 2526 };
    const setting = { endpoint, tls: { mode: 'off', verify: false } } as const;
    expect(await nextHosts.find({ kind: 'hosts', name: 'smart', hosts: [setting] })).toEqual([
      { name: '127.0.0.1', endpoint, setting },
    ]);
  });
});

it('takes the families in turn, IPv6 first', () => {
  expect(interleaveFamilies(['6a', '6b', '6c'], ['4a'])).toEqual(['6a', '4a', '6b', '6c']);
  expect(interleaveFamilies([], ['4a', '4b'])).toEqual(['4a', '4b']);
});

describe('source addresses', () => {
  const source = { v4: '198.51.100.1', v6: '2001:db8:1::1' };
  const from = async (route: Parameters<NextHosts['find']>[0]): Promise<readonly unknown[]> =>
    (await nextHosts.find(route)).map(({ endpoint, localAddress }) => [
      'host' in endpoint && endpoint.host,
      localAddress,
    ]);

  it('are of the family of the host', async () => {
    expect(await from({ kind: 'mx', domain: domain('a.two.test'), source })).toEqual([
      ['2001:db8::1', source.v6],
      ['192.0.2.1', source.v4],
      ['192.0.2.2', source.v4],
    ]);
  });

  it('leave out a family that we have none of, and say so where no host is left', async () => {
    const six = { v6: source.v6 };
    expect(await from({ kind: 'mx', domain: domain('a.two.test'), source: six })).toEqual([
      ['2001:db8::1', source.v6],
    ]);
    await expect(
      nextHosts.find({ kind: 'mx', domain: domain('bare.test'), source: six }),
    ).rejects.toMatchObject({ code: 'routing-unavailable', permanent: false, scope: 'host' });
    await expect(
      nextHosts.find({ kind: 'literal', domain: literalOf('192.0.2.1'), source: six }),
    ).rejects.toMatchObject({ code: 'routing-unavailable', permanent: false });
  });

  it('are tried one after the other for a host that is named, and none for a socket', () => {
    const named = { name: 'smtp.test', endpoint: { host: 'smtp.test', port: 587 } };
    expect(fromSources(named, source).map(({ localAddress }) => localAddress)).toEqual([
      source.v6,
      source.v4,
    ]);
    const socket = { name: '/run/x', endpoint: { path: '/run/x' } };
    expect(fromSources(socket, source)).toEqual([socket]);
  });
});
