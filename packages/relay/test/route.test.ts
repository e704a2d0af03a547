import { NULL_PATH } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import { expect, it } from 'vitest';
import { decideRoute, laneOf } from '../src/route.ts';
import type { HostRoute, OutboundRoute, RoutedSender, RoutingTable } from '../src/route.ts';

const hosts = (name: string): HostRoute => ({ kind: 'hosts', name, hosts: [] });
const table = (outbound: OutboundRoute): RoutingTable => ({
  isOwnDomain: (domain) => domain === 'own.test',
  routes: new Map<string, OutboundRoute>([
    ['partner.test', hosts('partner')],
    ['*.partner.test', hosts('below')],
    ['*.deep.partner.test', { kind: 'off' }],
    ['own.test', { kind: 'off' }],
  ]),
  accountRoutes: new Map([['alice@own.test', hosts('alice')]]),
  senderRoutes: new Map<string, OutboundRoute>([
    ['shop.test', hosts('shop')],
    ['*.shop.test', { kind: 'mx', source: { v4: '192.0.2.1', v6: '2001:db8::1' } }],
  ]),
  outbound,
});
const NOBODY: RoutedSender = { reversePath: NULL_PATH };
const from = (address: string, account?: string): RoutedSender => ({
  reversePath: mailbox(address),
  account,
});

it.each([
  ['a@own.test', 'own-domain', 'delivery'],
  ['a@partner.test', 'recipient partner.test', 'hosts:partner'],
  ['a@x.partner.test', 'recipient *.partner.test', 'hosts:below'],
  ['a@x.y.partner.test', 'recipient *.partner.test', 'hosts:below'],
  ['a@x.deep.partner.test', 'recipient *.deep.partner.test', 'off'],
  ['a@notpartner.test', 'default', 'mx:notpartner.test'],
  ['a@[192.0.2.1]', 'default', 'literal:[192.0.2.1]'],
])('sends %s by the rule "%s" to %s', (address, rule, lane) => {
  expect(decided(address, NOBODY)).toEqual([rule, lane]);
});

it.each([
  ['the account', from('a@elsewhere.test', 'alice@own.test'), 'account alice@own.test'],
  [
    'the account before the domain',
    from('a@shop.test', 'alice@own.test'),
    'account alice@own.test',
  ],
  ['the domain', from('a@shop.test', 'bob@own.test'), 'sender shop.test'],
  ['the domain above', from('a@eu.shop.test'), 'sender *.shop.test'],
  ['nobody for the null path', NOBODY, 'default'],
])('goes by %s where the recipient has no route', (_, sender, rule) => {
  expect(decided('x@world.test', sender)[0]).toBe(rule);
});

it('goes by the recipient first, and to ourselves before all', () => {
  const alice = from('a@shop.test', 'alice@own.test');
  expect(decided('x@partner.test', alice)[0]).toBe('recipient partner.test');
  expect(decided('x@own.test', alice)[0]).toBe('own-domain');
});

it('shares no connections between source addresses', () => {
  expect(decided('x@world.test', from('a@eu.shop.test'))[1]).toBe(
    'mx:world.test from 192.0.2.1,2001:db8::1',
  );
  expect(decided('x@[192.0.2.1]', from('a@eu.shop.test'))[1]).toBe(
    'literal:[192.0.2.1] from 192.0.2.1,2001:db8::1',
  );
});

it('sends nothing outside unless told to', () => {
  const { route } = decideRoute(mailbox('a@x.test'), NOBODY, table({ kind: 'off' }));
  expect(route).toEqual({ kind: 'off' });
});

function decided(address: string, sender: RoutedSender): readonly [rule: string, lane: string] {
  const { route, rule } = decideRoute(mailbox(address), sender, table({ kind: 'mx' }));
  return ['key' in rule ? `${rule.by} ${rule.key}` : rule.by, laneOf(route)];
}
