/**
 * `[relay.tls]`: TLS towards the hosts that DNS names: what is believed of what they
 * publish, and rules by destination that go before it.
 */
import { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';
import type { Breach, RawTable } from './rule.ts';

/** Never; where offered; always; with a certificate for a name; with TLSA records that match. */
export type OutboundTlsLevel = 'off' | 'may' | 'encrypt' | 'verify' | 'dane';

export interface OutboundTlsRule {
  readonly level: OutboundTlsLevel;
  /** `verify`: names or `*.domain` that the certificate may be for. @default the host's name */
  readonly names?: readonly string[];
}

export interface OutboundTlsConfiguration {
  /** @default true */
  readonly usesDane: boolean;
  /** @default true */
  readonly usesMtaSts: boolean;
  /** Whether TLS that breaks is left out where nothing demands it. @default true */
  readonly fallsBack: boolean;
  /** Whether a host that offered TLS before and does not now gets no mail. @default false */
  readonly insistsOnKnownTls: boolean;
  /** By the recipient's domain, or `*.domain`. */
  readonly rules: Readonly<Record<string, OutboundTlsRule>>;
  /** In whose name TLS reports are sent; absent: none is. */
  readonly reports?: TlsReportsConfiguration;
}

export interface TlsReportsConfiguration {
  /** An address in its wire form. */
  readonly from: string;
  /** @default the domain of `from` */
  readonly organization: string;
  /** How to reach people. @default `from` */
  readonly contact?: string;
}

const LEVELS = ['off', 'may', 'encrypt', 'verify', 'dane'] as const;

export function outboundTlsField(): z.ZodType<OutboundTlsConfiguration> {
  return strictTable({
    dane: field.withDefault(
      field.flag('Whether TLSA records under DNSSEC are kept to (DANE); see dns.trust.', false),
      true,
    ),
    mta_sts: field.withDefault(
      field.flag('Whether MTA-STS policies are fetched and kept to.', false),
      true,
    ),
    fallback: field.withDefault(
      field.flag('Whether TLS that breaks is left out where nothing demands it.', false),
      true,
    ),
    downgrade: field.withDefault(
      field.oneOf(
        'What becomes of mail for a host that offered TLS before and does not now.',
        'allow',
        'refuse',
      ),
      'allow',
    ),
    rules: field.withDefault(rulesField(), {}),
    reports: reportsField().optional(),
  })
    .transform((table): OutboundTlsConfiguration => ({
      usesDane: table.dane,
      usesMtaSts: table.mta_sts,
      fallsBack: table.fallback,
      insistsOnKnownTls: table.downgrade === 'refuse',
      rules: table.rules,
      ...(table.reports === undefined ? {} : { reports: table.reports }),
    }))
    .meta({
      description: 'TLS towards the hosts that DNS names.',
      examples: [{ downgrade: 'refuse' }],
    });
}

function reportsField(): z.ZodType<TlsReportsConfiguration> {
  return strictTable({
    from: field.address('The address that reports come from.', 'tls-reports@example.com'),
    organization: field
      .text('Who reports; the domain of the address if not given.', 'Example Ltd')
      .optional(),
    contact: field
      .text('How to reach people; the address if not given.', 'postmaster@example.com')
      .optional(),
  })
    .transform(({ contact, from, organization }) => ({
      from,
      organization: organization ?? from.slice(from.lastIndexOf('@') + 1),
      ...(contact === undefined ? {} : { contact }),
    }))
    .meta({
      description:
        'Sends TLS reports (TLSRPT) to the domains that ask for them; not sent if not given.',
      examples: [{ from: 'tls-reports@example.com' }],
    });
}

function rulesField(): z.ZodType<Readonly<Record<string, OutboundTlsRule>>> {
  const level = field.oneOf('What TLS the hosts of a domain must have.', ...LEVELS);
  const pattern = field.domainPattern();
  const detailed = strictTable(
    {
      level,
      names: z
        .array(pattern)
        .min(1)
        .meta({
          description: 'Names that the certificate may be for, in place of the name of the host.',
          examples: [['mx.example.com']],
        })
        .optional(),
    },
    namesRule,
  ).transform(({ level: given, names }): OutboundTlsRule =>
    names === undefined ? { level: given } : { level: given, names },
  );
  const short = level.transform((given): OutboundTlsRule => ({ level: given }));
  return z.record(pattern, z.union([short, detailed])).meta({
    description: 'TLS by the domain of the recipient, before DANE and MTA-STS.',
    examples: [
      {
        'example.com': 'encrypt',
        'partner.example': { level: 'verify', names: ['mx.partner.example'] },
      },
    ],
  });
}

function namesRule(table: RawTable): readonly Breach[] {
  if (table['names'] === undefined || table['level'] === 'verify') return [];
  const text = 'Names are looked at with the level "verify" only';
  return [{ path: ['names'], text, fix: 'Set level = "verify", or leave the names out' }];
}
