import { mailbox } from '@posthouse/testkit';
import { expect, it } from 'vitest';
import { decideRoute, laneOf } from '../src/route.ts';
import type { HostRoute, OutboundRoute, RoutingTable } from '../src/route.ts';

const hosts = (name: string): HostRoute => ({ kind: 'hosts', name, hosts: [] });
const table = (outbound: OutboundRoute): RoutingTable => ({
  isOwnDomain: (domain) => domain === 'own.test',
  routes: new Map<string, OutboundRoute>([
    ['partner.test', hosts('partner')],
    ['*.partner.test', hosts('below')],
    ['*.deep.partner.test', { kind: 'off' }],
    ['own.test', { kind: 'off' }],
  ]),
  outbound,
});

it.each([
  ['a@own.test', 'own domain', 'delivery'],
  ['a@partner.test', 'partner.test', 'hosts:partner'],
  ['a@x.partner.test', '*.partner.test', 'hosts:below'],
  ['a@x.y.partner.test', '*.partner.test', 'hosts:below'],
  ['a@x.deep.partner.test', '*.deep.partner.test', 'off'],
  ['a@notpartner.test', 'outbound', 'mx:notpartner.test'],
  ['a@[192.0.2.1]', 'outbound', 'literal:[192.0.2.1]'],
])('sends %s by the rule "%s" to %s', (address, rule, lane) => {
  const decision = decideRoute(mailbox(address), table({ kind: 'mx' }));
  expect([decision.rule, laneOf(decision.route)]).toEqual([rule, lane]);
});

it('sends nothing outside unless told to', () => {
  expect(decideRoute(mailbox('a@x.test'), table({ kind: 'off' })).route).toEqual({ kind: 'off' });
});
