/** `[domains]`, `[aliases]` and `[accounts]`: what is ours, and who it is for. */
import { mailboxKey, parseMailbox } from '@posthouse/mail';
import { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';
import { DEFAULT_DOMAINS } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

/** Everything that @posthouse/directory takes, as it takes it. */
export interface DirectoryConfiguration {
  /** The domains whose mail ends here. @default posthouse.test */
  readonly domains: readonly string[];
  /** Address → where its mail goes; with an owner it is a list. */
  readonly aliases: Readonly<Record<string, Alias>>;
  /** Domain → who gets the mail for addresses that nobody has. */
  readonly catchAll: Readonly<Record<string, string>>;
  /** Absent: the first account. */
  readonly postmaster?: string;
  /** Absolute. @default accounts, in the state directory */
  readonly accountsFile: string;
  /** @default '+' */
  readonly plusSeparator: string;
  /** What each mailbox may hold; absent: no limit. */
  readonly quotaBytes?: number;
  /** Account → what its mailbox may hold. */
  readonly quotas: Readonly<Record<string, number>>;
}

export interface Alias {
  readonly targets: readonly string[];
  readonly owner?: string;
}

/** `[domains]`. */
export interface DomainsSection {
  readonly own: readonly string[];
  readonly postmaster?: string | undefined;
  readonly plus_separator: string;
  readonly catch_all: Readonly<Record<string, string>>;
}

export function domainsSection(around: Surroundings): z.ZodType<DomainsSection> {
  const ownDomain = field.textField(
    (text) => ownDomainOf(text, around),
    'is none of the domains in domains.own',
    { description: 'One of our domains.', examples: ['example.com'] },
  );
  return strictTable({
    own: field.withDefault(
      z.array(field.domain('A domain.', 'example.com')).meta({
        description: 'Our domains: mail for them ends here.',
        examples: [['example.com', 'example.net']],
      }),
      DEFAULT_DOMAINS,
    ),
    postmaster: field
      .address(
        'Who gets the mail for postmaster; the first account if not given.',
        'alice@example.com',
      )
      .optional(),
    plus_separator: field.withDefault(
      field.textField(
        (text) => (/^[^A-Za-z0-9.@"\s]?$/.test(text) ? text : undefined),
        'is no separator',
        {
          description:
            'One character between an account and a detail ("alice+lists@"), or "" for none.',
          examples: ['+', '-'],
        },
      ),
      '+',
    ),
    catch_all: field.withDefault(
      z.record(ownDomain, field.address('An address.', 'alice@example.com')).meta({
        description: 'Who gets the mail for addresses of a domain that nobody has.',
        examples: [{ 'example.com': 'alice@example.com' }],
      }),
      {},
    ),
  });
}

export function aliasesSection(around: Surroundings): z.ZodType<Readonly<Record<string, Alias>>> {
  const name = field.ownAddress('An address in one of our domains.', 'sales@example.com', around);
  const target = field.address('An address, ours or not.', 'bob@example.com');
  const targets = z.array(target).min(1);
  const list = strictTable({
    targets: targets.meta({ description: 'Who gets the mail.', examples: [['bob@example.com']] }),
    owner: field.address('Who is told of failures.', 'alice@example.com').optional(),
  }).transform((table): Alias =>
    table.owner === undefined
      ? { targets: table.targets }
      : { targets: table.targets, owner: table.owner },
  );
  return z
    .record(
      name,
      z.union([
        target.transform((one): Alias => ({ targets: [one] })),
        targets.transform((several): Alias => ({ targets: several })),
        list,
      ]),
    )
    .superRefine((aliases, context) => {
      for (const name of writtenTwice(Object.keys(aliases))) {
        const message = 'The same address stands here in another case';
        const params = { fix: 'Leave one of them out, or put all targets into one' };
        context.addIssue({ code: 'custom', path: [name], message, params });
      }
    })
    .meta({
      description: 'Addresses that lead to others: one, several, or a list with an owner.',
      examples: [{ 'sales@example.com': ['alice@example.com', 'bob@example.com'] }],
    });
}

/** `[accounts]`. */
export interface AccountsSection {
  readonly file?: string | undefined;
}

export function accountsSection(around: Surroundings): z.ZodType<AccountsSection> {
  return strictTable({
    file: field
      .path(
        'Accounts in Dovecot\u2019s passwd-file format; "accounts" in the state directory if not given.',
        'var/accounts',
        around,
      )
      .optional(),
  });
}

/** Addresses that another before them is, but for the case of the local-part. */
function writtenTwice(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.filter((name) => {
    const address = parseMailbox(name);
    const key = address === undefined ? name : mailboxKey(address);
    return seen.size === seen.add(key).size;
  });
}

function ownDomainOf(text: string, around: Surroundings): string | undefined {
  const domain = parseMailbox(`x@${text}`)?.domain;
  return domain !== undefined && around.isOwnDomain(domain) ? domain : undefined;
}
