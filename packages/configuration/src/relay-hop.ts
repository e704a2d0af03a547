/**
 * A host that the relay hands other domains' mail to: a next hop, or a provider by its name, which
 * brings host, port and TLS along; and where we come from.
 */
import { findProvider, inRegion } from '@posthouse/providers';
import type { Provider } from '@posthouse/providers';
import type { z } from 'zod';
import * as field from './field.ts';
import { nextHopOf, nextHopRule, nextHopShape, SAME_AS_PASSWORD } from './next-hop.ts';
import type { NextHop, NextHopKeys } from './next-hop.ts';
import { missing, strictTable } from './rule.ts';
import type { Breach, OptionalShape, RawTable } from './rule.ts';
import { hostLimitsField } from './sending-limits.ts';
import type { HostLimits } from './sending-limits.ts';
import { namesSecret } from './secret.ts';
import { sourceField } from './source-addresses.ts';
import type { SourceAddresses } from './source-addresses.ts';
import type { Surroundings } from './surroundings.ts';
import { tokenField } from './token.ts';
import type { TokenSource, WrittenToken } from './token.ts';

export interface RelayHop extends Omit<NextHop, 'credentials'> {
  readonly credentials?: NonNullable<NextHop['credentials']> | TokenCredentials;
  /** Whose limits and replies it has, by the name in @posthouse/providers. */
  readonly provider?: string;
  /** Where our connections come from. @default relay.source_addresses */
  readonly source?: SourceAddresses;
  /** Each number in place of what the provider documents. */
  readonly limits?: HostLimits;
}

/** A login with an access token. */
export interface TokenCredentials {
  readonly user: string;
  readonly token: TokenSource;
  readonly allowWithoutTls: boolean;
}

/** The keys of such a host, as they were read. */
export interface RelayHopKeys extends NextHopKeys {
  readonly provider?: Provider | undefined;
  readonly region?: string | undefined;
  readonly token?: WrittenToken | undefined;
  readonly source_addresses?: SourceAddresses | undefined;
  readonly limits?: HostLimits | undefined;
}

/** The table of such a host. */
export function relayHopField(around: Surroundings): z.ZodType<RelayHop> {
  return strictTable(relayHopShape(around), relayHopRule).transform((table) =>
    relayHopOf(table, around),
  );
}

/** Fields for the keys. */
export function relayHopShape(around: Surroundings): OptionalShape<RelayHopKeys> {
  return {
    provider: field
      .textField(findProvider, 'is no provider that we know; name its host and port instead', {
        description:
          'A provider by its name: brings host, port, TLS, limits and the meaning of replies along.',
        examples: ['gmail', 'microsoft365', 'ses'],
      })
      .optional(),
    region: field.text('Region of the provider, where it has some.', 'eu-west-1').optional(),
    ...nextHopShape(around),
    token: tokenField(around).optional(),
    source_addresses: sourceField().optional(),
    limits: hostLimitsField(
      'How much it takes in a time, each number in place of what its provider documents.',
    ).optional(),
  };
}

export function relayHopRule(written: RawTable): readonly Breach[] {
  const { token, ...rest } = written;
  // A token does what a password does, for every rule about passwords.
  const isAlone = token !== undefined && !namesSecret(rest);
  const table = isAlone ? { ...rest, password_env: TOKEN } : rest;
  return [...tokenRule(written), ...hopRule(table)];
}

function hopRule(table: RawTable): readonly Breach[] {
  const { provider, region } = table;
  if (!isProvider(provider)) {
    if (provider !== undefined) return []; // what is wrong with it is told there
    const lost = region === undefined ? [] : [missing('provider', '"ses"', 'it has the region')];
    return [...lost, ...nextHopRule(table)];
  }
  const place = table['socket'] === undefined ? placeOf(provider, region) : {};
  const user = userOf(provider, table['password_file'] ?? table['password_env']);
  const whole = Object.entries(table).filter(([, value]) => value !== undefined);
  return [
    ...regionRule(provider, region),
    ...nextHopRule({ ...place, ...user, ...Object.fromEntries(whole) }),
  ];
}

export function relayHopOf(table: RelayHopKeys, around: Surroundings): RelayHop {
  const { limits, provider, region, source_addresses: source, token, ...keys } = table;
  const given = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
  const known =
    provider === undefined
      ? {}
      : {
          ...placeOf(provider, region),
          ...userOf(provider, keys.password_file ?? keys.password_env),
        };
  const login = token === undefined ? {} : { password_env: TOKEN };
  const { credentials, ...hop } = nextHopOf({ ...known, ...given, ...login }, around);
  return {
    ...hop,
    ...(credentials && { credentials: withToken(credentials, token?.(provider?.token)) }),
    ...(provider === undefined ? {} : { provider: provider.name }),
    ...(source === undefined ? {} : { source }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** Names no variable: it stands for the token where a secret is asked for. */
const TOKEN = 'an access token';

function withToken(
  credentials: NonNullable<NextHop['credentials']>,
  token: TokenSource | undefined,
): NonNullable<RelayHop['credentials']> {
  const { allowWithoutTls, user = '' } = credentials;
  return token === undefined ? credentials : { user, token, allowWithoutTls };
}

function tokenRule(table: RawTable): readonly Breach[] {
  const { token, provider } = table;
  if (token === undefined) return [];
  const password = ['password_file', 'password_env'].find((key) => table[key] !== undefined);
  const text = 'A login has a password or a token';
  const both =
    password === undefined ? [] : [{ path: [password], text, fix: 'Keep one of the two' }];
  const source =
    typeof token === 'function' && (provider === undefined || isProvider(provider))
      ? (token as WrittenToken)(provider?.token) // what the field has read
      : undefined;
  const lost = source?.kind === 'endpoint' && source.url === '';
  const because = 'no provider is named that has one';
  const line = 'url = "https://oauth2.example.com/token"';
  return [
    ...both,
    ...(lost ? [{ path: ['token', 'url'], text: `\`url\` is missing: ${because}`, line }] : []),
  ];
}

function placeOf(provider: Provider, region: unknown): Pick<Provider, 'host' | 'port' | 'tls'> {
  const { host, port, tls } =
    (typeof region === 'string' ? inRegion(provider, region) : undefined) ?? provider;
  return { host, port, tls };
}

/** The name that everybody logs in with, where there is one. */
function userOf({ user }: Provider, secret: unknown): { readonly user?: string } {
  if (user === undefined || secret === undefined) return {};
  return { user: user.kind === 'fixed' ? user.name : SAME_AS_PASSWORD };
}

function regionRule(provider: Provider, region: unknown): readonly Breach[] {
  if (typeof region !== 'string' || inRegion(provider, region) !== undefined) return [];
  const text =
    provider.regionalHost === undefined
      ? `${provider.name} has no regions`
      : `${JSON.stringify(region)} is no name of a region`;
  return [{ path: ['region'], text, fix: 'Leave it out, or name the host' }];
}

function isProvider(value: unknown): value is Provider {
  return typeof value === 'object' && value !== null && 'host' in value && 'port' in value;
}
