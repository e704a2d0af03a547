/**
 * Where mail for other domains goes: one rule for all (`relay.outbound`) and exceptions by
 * domain (`[relay.routes]`).
 */
import { parseDomain } from '@posthouse/mail';
import { z } from 'zod';
import * as field from './field.ts';
import { nextHopField } from './next-hop.ts';
import type { NextHop } from './next-hop.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * - `off`: refused, with the name of the setting
 * - `mx`: to the hosts that DNS names
 * - `next-hops`: to these, the first that answers
 * - `sink`: into one mailbox of ours, whoever it is for
 */
export type Route =
  | { readonly kind: 'off' }
  | { readonly kind: 'mx' }
  | { readonly kind: 'next-hops'; readonly hops: readonly NextHop[] }
  | { readonly kind: 'sink'; readonly address: string };

/** The routes that have a name. */
export const ROUTE_NAMES = ['off', 'mx', 'relayhost', 'sink'] as const;
export type RouteName = (typeof ROUTE_NAMES)[number];

/** What the names `relayhost` and `sink` stand for. */
export interface NamedRoutes {
  readonly relayhosts: readonly NextHop[];
  readonly sink: string | undefined;
}

/** Domain or `*.domain` → a named route, or a next hop of its own. */
export function routesField(
  around: Surroundings,
): z.ZodType<Readonly<Record<string, RouteName | NextHop>>> {
  const pattern = field.textField(parsePattern, 'is no domain, and no *.domain', {
    description: 'A domain, or "*.domain" for all names below it.',
    examples: ['example.com', '*.example.com'],
  });
  return z.record(pattern, z.union([z.enum(ROUTE_NAMES), nextHopField(around)])).meta({
    description: 'Exceptions by domain: a route by its name, or a next hop.',
    examples: [
      { 'example.com': 'mx', 'partner.example': { host: 'mx.partner.example', port: 25 } },
    ],
  });
}

/** The route that a name or a next hop stands for. */
export function routeOf(written: RouteName | NextHop, named: NamedRoutes): Route {
  if (typeof written !== 'string') return { kind: 'next-hops', hops: [written] };
  if (written === 'relayhost') return { kind: 'next-hops', hops: named.relayhosts };
  if (written !== 'sink') return { kind: written };
  return named.sink === undefined ? { kind: 'off' } : { kind: 'sink', address: named.sink };
}

function parsePattern(text: string): string | undefined {
  if (!text.startsWith('*.')) return parseDomain(text);
  const domain = parseDomain(text.slice(2));
  return domain === undefined ? undefined : `*.${domain}`;
}
