/**
 * Where mail for other domains goes: one rule for all (`relay.outbound`) and exceptions by the
 * recipient's domain (`[relay.routes]`), by account (`[relay.account_routes]`) and by the
 * reverse-path's domain (`[relay.sender_routes]`).
 */
import { formatMailbox, parseMailbox } from '@posthouse/mail';
import { z } from 'zod';
import * as field from './field.ts';
import { relayHopField, relayHopOf, relayHopRule, relayHopShape } from './relay-hop.ts';
import type { RelayHop } from './relay-hop.ts';
import { strictTable } from './rule.ts';
import type { Breach, RawTable } from './rule.ts';
import type { SourceAddresses } from './source-addresses.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * - `off`: refused, with the name of the setting
 * - `mx`: to the hosts that DNS names
 * - `next-hops`: to these, the first that answers
 * - `sink`: into one mailbox of ours, whoever it is for
 */
export type Route =
  | { readonly kind: 'off' }
  | { readonly kind: 'mx'; readonly source?: SourceAddresses }
  | { readonly kind: 'next-hops'; readonly hops: readonly RelayHop[] }
  | { readonly kind: 'sink'; readonly address: string };

/** The routes that have a name. */
export const ROUTE_NAMES = ['off', 'mx', 'relayhost', 'sink'] as const;
export type RouteName = (typeof ROUTE_NAMES)[number];

/** A route as it is written: its name, next hops in their order, or `{ mx = true }` with an address to come from. */
export type WrittenRoute = RouteName | readonly RelayHop[] | Extract<Route, { kind: 'mx' }>;

/** What the names stand for. */
export interface NamedRoutes {
  readonly relayhosts: readonly RelayHop[];
  readonly sink: string | undefined;
  /** Where connections come from that say nothing else. */
  readonly source: SourceAddresses | undefined;
}

type WrittenRoutes = Readonly<Record<string, WrittenRoute>>;

/** Domain or `*.domain` → a named route, or next hops of its own. */
export function domainRoutesField(
  around: Surroundings,
  description: string,
): z.ZodType<WrittenRoutes> {
  return routesField(field.domainPattern(), around).meta({
    description,
    examples: [
      { 'example.com': 'mx', 'partner.example': { host: 'mx.partner.example', port: 25 } },
    ],
  });
}

/** Account → a named route, or next hops of its own. */
export function accountRoutesField(around: Surroundings): z.ZodType<WrittenRoutes> {
  const account = field.textField(parseAccount, 'is no account (alice@example.com)', {
    description: 'An account, as it logs in.',
    examples: ['alice@example.com'],
  });
  return routesField(account, around).meta({
    description:
      'Routes by the account that logged in, for recipients without a route of their own.',
    examples: [{ 'news@example.com': { mx: true, source_addresses: ['192.0.2.26'] } }],
  });
}

function routesField(key: z.ZodType<string>, around: Surroundings): z.ZodType<WrittenRoutes> {
  const hops = z.array(relayHopField(around)).min(1);
  return z.record(key, z.union([z.enum(ROUTE_NAMES), hops, routeTable(around)]));
}

/** A next hop, or the hosts in DNS with an address to come from. */
function routeTable(around: Surroundings): z.ZodType<WrittenRoute> {
  return strictTable(
    {
      mx: z
        .literal(true)
        .meta({
          description: 'To the hosts in DNS, in place of one that is named.',
          examples: [true],
        })
        .optional(),
      ...relayHopShape(around),
    },
    (table) => (table['mx'] === undefined ? relayHopRule(table) : mxRule(table)),
  ).transform(({ mx, ...table }): WrittenRoute => {
    if (mx === undefined) return [relayHopOf(table, around)];
    const source = table.source_addresses;
    return { kind: 'mx', ...(source === undefined ? {} : { source }) };
  });
}

/** The hosts in DNS are spoken to as they offer. */
function mxRule(table: RawTable): readonly Breach[] {
  const text = '`mx` goes to the hosts in DNS: only `source_addresses` can stand beside it';
  return Object.entries(table)
    .filter(([key, value]) => value !== undefined && key !== 'mx' && key !== 'source_addresses')
    .map(([key]) => ({ path: [key], text, fix: 'Leave it out, or leave out `mx`' }));
}

/** The route that is meant. */
export function routeOf(written: WrittenRoute, named: NamedRoutes): Route {
  const { relayhosts, sink, source } = named;
  if (typeof written !== 'string') return withSource(written, source);
  switch (written) {
    case 'off':
      return { kind: 'off' };
    case 'mx':
      return withSource({ kind: 'mx' }, source);
    case 'relayhost':
      return withSource(relayhosts, source);
    case 'sink':
      return sink === undefined ? { kind: 'off' } : { kind: 'sink', address: sink };
  }
}

function withSource(
  route: readonly RelayHop[] | Extract<Route, { kind: 'mx' }>,
  source: SourceAddresses | undefined,
): Route {
  const added = source === undefined ? {} : { source };
  if ('kind' in route) return { ...added, ...route };
  return { kind: 'next-hops', hops: route.map((hop) => ({ ...added, ...hop })) };
}

function parseAccount(text: string): string | undefined {
  const mailbox = parseMailbox(text);
  return mailbox === undefined ? undefined : formatMailbox(mailbox);
}
