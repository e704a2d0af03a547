/**
 * How much may be sent in a time: through a next hop, to a site, by a tenant, by an account. What
 * is above it waits and never fails.
 */
import { parseMailbox, formatMailbox, parseDomain } from '@posthouse/mail';
import type { Rate } from '@posthouse/mail';
import { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';
import type { OptionalShape } from './rule.ts';

/** Limits of a host or of whoever shares it; what is absent is not limited here. */
export interface HostLimits {
  readonly rates: readonly Rate[];
  readonly maxConnections?: number;
  readonly maxMessagesPerConnection?: number;
  /** Recipients of one message; more go in several transactions. */
  readonly maxRecipients?: number;
}

export interface SendingLimits {
  /** For each account that has none of its own. */
  readonly eachAccount: readonly Rate[];
  readonly accounts: Readonly<Record<string, readonly Rate[]>>;
  /** For the domain of the account, or of the sender where nobody logged in. */
  readonly eachTenant: readonly Rate[];
  readonly tenants: Readonly<Record<string, readonly Rate[]>>;
  /** By a domain, or by a provider of mailboxes: `google`, `microsoft`, `yahoo`. */
  readonly sites: Readonly<Record<string, HostLimits>>;
}

const UNITS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
type Unit = keyof typeof UNITS;
type RateKey = `${Rate['of']}_per_${Unit}`;
type RateKeys = { readonly [K in RateKey]?: number | undefined };

interface HostKeys extends RateKeys {
  readonly connections?: number | undefined;
  readonly messages_per_connection?: number | undefined;
  readonly recipients_per_message?: number | undefined;
}

/** The limits of a host. */
export function hostLimitsField(description: string): z.ZodType<HostLimits> {
  const count = (text: string, example: number) => field.count(text, example).optional();
  return strictTable({
    ...rateShape(),
    connections: count('Connections at the same time.', 3),
    messages_per_connection: count('Messages on one connection.', 100),
    recipients_per_message: count(
      'Recipients of one message; more go in several transactions.',
      50,
    ),
  })
    .transform(hostLimitsOf)
    .meta({ description, examples: [{ messages_per_day: 2000, connections: 3 }] });
}

/** `[relay.sending_limits]`. */
export function sendingLimitsField(): z.ZodType<SendingLimits> {
  const rates = (description: string): z.ZodType<readonly Rate[]> =>
    strictTable(rateShape())
      .transform(ratesOf)
      .meta({ description, examples: [{ messages_per_hour: 500 }] });
  const account = field.textField(parseAccount, 'is no account (alice@example.com)', {
    description: 'An account, as it logs in.',
    examples: ['alice@example.com'],
  });
  const domain = field.domain('A domain.', 'example.com');
  const site = field.textField(parseSite, 'is no domain and no provider of mailboxes', {
    description: 'A domain, or "google", "microsoft" or "yahoo" for all that they receive for.',
    examples: ['google', 'example.com'],
  });
  const byKey = <T>(key: z.ZodType<string>, value: z.ZodType<T>, name: string, text: string) =>
    field.withDefault(
      z
        .record(key, value)
        .meta({ description: text, examples: [{ [name]: { messages_per_hour: 500 } }] }),
      {},
    );
  const limits = hostLimitsField('Limits of the site.');
  return strictTable({
    each_account: field.withDefault(rates('For each account that has none of its own.'), {}),
    accounts: byKey(account, rates('Of this account.'), 'news@example.com', 'By account.'),
    each_tenant: field.withDefault(rates('For each domain of accounts or senders.'), {}),
    tenants: byKey(domain, rates('Of this tenant.'), 'example.com', 'By tenant, a domain.'),
    sites: byKey(
      site,
      limits,
      'google',
      'By where mail goes: a domain, or "google", "microsoft", "yahoo".',
    ),
  })
    .transform((table) => ({
      eachAccount: table.each_account,
      accounts: table.accounts,
      eachTenant: table.each_tenant,
      tenants: table.tenants,
      sites: table.sites,
    }))
    .meta({
      description: 'How much may go out in a time: what is above it waits.',
      examples: [{ each_account: { messages_per_hour: 500 } }],
    });
}

function rateShape(): OptionalShape<RateKeys> {
  const rate = (of: Rate['of'], unit: Unit) =>
    field.count(`${of === 'messages' ? 'Messages' : 'Recipients'} a ${unit}.`, 100).optional();
  return {
    messages_per_second: rate('messages', 'second'),
    messages_per_minute: rate('messages', 'minute'),
    messages_per_hour: rate('messages', 'hour'),
    messages_per_day: rate('messages', 'day'),
    recipients_per_second: rate('recipients', 'second'),
    recipients_per_minute: rate('recipients', 'minute'),
    recipients_per_hour: rate('recipients', 'hour'),
    recipients_per_day: rate('recipients', 'day'),
  };
}

function ratesOf(keys: RateKeys): readonly Rate[] {
  return (['messages', 'recipients'] as const).flatMap((of) =>
    Object.entries(UNITS).flatMap(([unit, perMs]) => {
      const count = keys[`${of}_per_${unit as Unit}`]; // of the keys of UNITS
      return count === undefined ? [] : { of, count, perMs };
    }),
  );
}

function hostLimitsOf(keys: HostKeys): HostLimits {
  const { connections, messages_per_connection: messages, recipients_per_message: most } = keys;
  return {
    rates: ratesOf(keys),
    ...(connections === undefined ? {} : { maxConnections: connections }),
    ...(messages === undefined ? {} : { maxMessagesPerConnection: messages }),
    ...(most === undefined ? {} : { maxRecipients: most }),
  };
}

function parseAccount(text: string): string | undefined {
  const mailbox = parseMailbox(text);
  return mailbox === undefined ? undefined : formatMailbox(mailbox);
}

/** A provider's name is a domain of one label. */
function parseSite(text: string): string | undefined {
  return parseDomain(text);
}
