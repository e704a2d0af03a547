/** `[relay]`: the agent that takes mail from others, queues it and passes it on. */
import { z } from 'zod';
import * as field from './field.ts';
import type { ListenAddress } from './human.ts';
import { limitShape, limitsOf } from './limits.ts';
import type { ListenerLimits } from './limits.ts';
import { loginsField } from './logins.ts';
import type { AgentLogins } from './logins.ts';
import { nextHopField } from './next-hop.ts';
import type { NextHop } from './next-hop.ts';
import { outboundTlsField } from './outbound-tls.ts';
import type { OutboundTlsConfiguration } from './outbound-tls.ts';
import { relayHopField } from './relay-hop.ts';
import { accountRoutesField, domainRoutesField, ROUTE_NAMES, routeOf } from './route.ts';
import type { Route, WrittenRoute } from './route.ts';
import { retryField } from './retry.ts';
import type { RetryConfiguration } from './retry.ts';
import { missing, strictTable } from './rule.ts';
import type { Breach, RawTable } from './rule.ts';
import { sendingLimitsField } from './sending-limits.ts';
import type { SendingLimits } from './sending-limits.ts';
import { sourceField } from './source-addresses.ts';
import type { Surroundings } from './surroundings.ts';

export interface RelayConfiguration {
  /** Absent where it is switched off. @default 127.0.0.1:2525 */
  readonly listen?: ListenAddress;
  /** Networks that may connect, each `address/bits`; absent: everybody. */
  readonly allowedPeers?: readonly string[];
  /** Networks that may send to every domain. @default none, not even loopback */
  readonly trustedNetworks: readonly string[];
  /** Networks whose bare CR and LF are mended; from others they are refused. @default none */
  readonly normalizeLineEndingsFrom: readonly string[];
  /** Our submission agents, which may send to every domain and say who the author was. */
  readonly logins: AgentLogins;
  /** Who knows the mailboxes of our domains: the accounts file, or the delivery agent. @default 'accounts' */
  readonly recipientCheck: 'accounts' | 'delivery';
  /** The delivery agent (LMTP), where the relay runs alone, or in place of the stack's own. */
  readonly delivery?: NextHop;
  /** Where mail for other domains goes. @default off */
  readonly outbound: Route;
  /** Exceptions by the recipient's domain, or `*.domain` for all names below it. */
  readonly routes: Readonly<Record<string, Route>>;
  /** By the account that logged in; the recipient's own route goes before it. */
  readonly accountRoutes: Readonly<Record<string, Route>>;
  /** By the reverse-path's domain, or `*.domain`, where neither of them fits. */
  readonly senderRoutes: Readonly<Record<string, Route>>;
  /** Towards hosts that DNS names. */
  readonly tls: OutboundTlsConfiguration;
  readonly retry: RetryConfiguration;
  /** How much may go out in a time. */
  readonly sendingLimits: SendingLimits;
  readonly limits: RelayLimits;
}

export interface RelayLimits extends ListenerLimits {
  /** Received fields of a message that has come too far. @default 100 */
  readonly maxHops: number;
}

export function relaySection(around: Surroundings): z.ZodType<RelayConfiguration> {
  return strictTable({ ...ingressShape(around), ...outboundShape(around) }, routeRule).transform(
    (table): RelayConfiguration => {
      const named = {
        relayhosts: table.relayhost ?? [],
        sink: table.sink,
        source: table.source_addresses,
      };
      const routes = (written: Readonly<Record<string, WrittenRoute>>) =>
        Object.fromEntries(
          Object.entries(written).map(([key, route]) => [key, routeOf(route, named)]),
        );
      return {
        ...(table.listen === 'off' ? {} : { listen: table.listen }),
        ...(table.allowed_peers === undefined ? {} : { allowedPeers: table.allowed_peers }),
        trustedNetworks: table.trusted_networks,
        normalizeLineEndingsFrom: table.normalize_line_endings_from,
        logins: table.logins,
        recipientCheck: table.recipient_check,
        ...(table.delivery === undefined ? {} : { delivery: table.delivery }),
        outbound: routeOf(table.outbound, named),
        routes: routes(table.routes),
        accountRoutes: routes(table.account_routes),
        senderRoutes: routes(table.sender_routes),
        tls: table.tls,
        retry: table.retry,
        sendingLimits: table.sending_limits,
        limits: { ...limitsOf(table), maxHops: table.max_hops },
      };
    },
  );
}

function ingressShape(around: Surroundings) {
  return {
    listen: field.withDefault(
      field.listen('Where it listens, or "off".', '0.0.0.0:25', around),
      '127.0.0.1:2525',
    ),
    allowed_peers: field.networks('Networks that may connect; everybody if not given.').optional(),
    trusted_networks: field.withDefault(
      field.networks('Networks that may send to every domain. No network is trusted by default.'),
      [],
    ),
    normalize_line_endings_from: field.withDefault(
      field.networks('Networks whose bare CR and LF are mended instead of refused.'),
      [],
    ),
    logins: field.withDefault(
      loginsField(around, 'Logins of our submission agents, which may send to every domain.'),
      {},
    ),
    ...limitShape('50MB'),
    max_hops: field.withDefault(
      field.count('Received fields of a message that goes round in circles.', 100, [20, 1000]),
      100,
    ),
  };
}

function outboundShape(around: Surroundings) {
  const hop = nextHopField(around);
  const relayHop = relayHopField(around);
  return {
    recipient_check: field.withDefault(
      field.oneOf('Who knows the mailboxes of our domains.', 'accounts', 'delivery'),
      'accounts',
    ),
    delivery: hop
      .meta({
        description: 'The delivery agent (LMTP), where the relay runs alone.',
        examples: [{ host: '10.0.0.7', port: 2424 }],
      })
      .optional(),
    outbound: field.withDefault(
      field.oneOf(
        'Where mail for other domains goes: nowhere, to the hosts in DNS, to the relayhost, or into the sink.',
        ...ROUTE_NAMES,
      ),
      'off',
    ),
    relayhost: z
      .union([relayHop.transform((one) => [one]), z.array(relayHop).min(1)])
      .meta({
        description: 'The host that takes our mail for other domains, or several in their order.',
        examples: [
          { host: 'smtp.example.com', port: 587, user: 'me', password_file: 'secrets/smtp' },
        ],
      })
      .optional(),
    sink: field
      .ownAddress(
        'The mailbox that gets what would go out by the route "sink".',
        'alice@example.com',
        around,
      )
      .optional(),
    routes: field.withDefault(
      domainRoutesField(
        around,
        "Exceptions by the recipient's domain: a route by its name, a next hop, or several in their order.",
      ),
      {},
    ),
    account_routes: field.withDefault(accountRoutesField(around), {}),
    sender_routes: field.withDefault(
      domainRoutesField(
        around,
        "Routes by the domain of the envelope's sender, where no other rule fits.",
      ),
      {},
    ),
    source_addresses: sourceField().optional(),
    tls: field.withDefault(outboundTlsField(), {}),
    retry: field.withDefault(retryField(), {}),
    sending_limits: field.withDefault(sendingLimitsField(), {}),
  };
}

/** A route by name needs what it stands for. */
function routeRule(table: RawTable): readonly Breach[] {
  const routes = ['routes', 'account_routes', 'sender_routes'].flatMap((key): unknown[] => {
    const written = table[key];
    return typeof written === 'object' && written !== null ? Object.values(written) : [];
  });
  const used = (name: string): boolean => table['outbound'] === name || routes.includes(name);
  const because = (name: string): string => `mail goes to the route "${name}"`;
  const hop = '{ host = "smtp.example.com", port = 587 }';
  return [
    ...(used('relayhost') && table['relayhost'] === undefined
      ? [missing('relayhost', hop, because('relayhost'))]
      : []),
    ...(used('sink') && table['sink'] === undefined
      ? [missing('sink', '"alice@example.com"', because('sink'))]
      : []),
  ];
}
