/**
 * What a directory is made of besides its accounts file: own domains, aliases, catch-all
 * and quotas, given as text by configuration or by whoever embeds it.
 *
 * All of it is read once into an `AddressBook`; every mistake is reported at once.
 */
import { mailboxKey, parseDomain, parseMailbox } from '@posthouse/mail';
import type { Domain, Mailbox } from '@posthouse/mail';
import { accountName, parseAccountName } from './account.ts';

/** Addresses and domains are text in any case, U-labels allowed. */
export interface DirectoryOptions {
  /** The domains whose mail ends here. */
  readonly domains: readonly string[];
  /** Address of an own domain → where its mail goes, perhaps outside. */
  readonly aliases?: Readonly<Record<string, readonly string[] | ListOptions>> | undefined;
  /** Own domain → who gets the mail for addresses that nobody has. */
  readonly catchAll?: Readonly<Record<string, string>> | undefined;
  /** Who gets the mail for `postmaster` where it is neither account nor alias. @default the first account */
  readonly postmaster?: string | undefined;
  /** Passwd-file of the accounts; it may be missing yet. Absent: there are no accounts. */
  readonly accountsFile?: string | undefined;
  /** Between an account and a detail: `alice+lists@`. Empty: no details. @default '+' */
  readonly plusSeparator?: string | undefined;
  /** What each mailbox may hold. @default no limit */
  readonly quotaBytes?: number | undefined;
  /** Account → what its mailbox may hold. */
  readonly quotas?: Readonly<Record<string, number>> | undefined;
}

/** An alias that is a list: failures are told to its owner and not to the author (RFC 5321 §3.9.2). */
export interface ListOptions {
  readonly targets: readonly string[];
  readonly owner?: string | undefined;
}

/** Where an alias leads. */
export interface Alias {
  readonly targets: readonly Mailbox[];
  readonly owner?: Mailbox;
}

/** The options, read. */
export interface AddressBook {
  readonly domains: ReadonlySet<string>;
  /** By `mailboxKey`. */
  readonly aliases: ReadonlyMap<string, Alias>;
  /** By domain. */
  readonly catchAll: ReadonlyMap<string, Mailbox>;
  readonly postmaster?: Mailbox;
  readonly plusSeparator: string;
  /** What the account of this name may hold. */
  quotaOf(account: string): number | undefined;
}

/** Options that make no directory; the message has a line for each mistake. */
export class DirectoryOptionsError extends TypeError {
  override readonly name = 'DirectoryOptionsError';
  /** Each with the path of the option in front. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`these options make no directory:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

/** @throws DirectoryOptionsError */
export function readAddressBook(options: DirectoryOptions): AddressBook {
  const problems: string[] = [];
  const domains = new Set<Domain>();
  for (const text of options.domains) {
    const domain = parseDomain(text);
    if (domain === undefined) problems.push(`domains: ${JSON.stringify(text)} is no domain`);
    else domains.add(domain);
  }
  const reader = createAddressReader(domains, problems);
  const aliases = readAliases(options, reader);
  const catchAll = readCatchAll(options, reader);
  const postmaster =
    options.postmaster === undefined ? undefined : reader.any('postmaster', options.postmaster);
  const plusSeparator = options.plusSeparator ?? '+';
  if (plusSeparator.length > 1 || /[A-Za-z0-9.@"\s]/.test(plusSeparator)) {
    problems.push(
      'plusSeparator: one character that is no letter, digit, dot, quote or @, or empty',
    );
  }
  const quotaOf = readQuotas(options, problems);
  if (problems.length > 0) throw new DirectoryOptionsError(problems);
  const book = { domains, aliases, catchAll, plusSeparator, quotaOf };
  return postmaster === undefined ? book : { ...book, postmaster };
}

/** Reads addresses, and notes those that it cannot read. */
interface AddressReader {
  any(path: string, text: string): Mailbox | undefined;
  own(path: string, text: string): Mailbox | undefined;
  ownDomain(path: string, text: string): Domain | undefined;
  note(path: string, problem: string): void;
}

function createAddressReader(domains: ReadonlySet<string>, problems: string[]): AddressReader {
  const any = (path: string, text: string): Mailbox | undefined => {
    const parsed = parseMailbox(text);
    if (parsed === undefined) problems.push(`${path}: ${JSON.stringify(text)} is no address`);
    return parsed;
  };
  const mustBeOwn = (path: string, domain: string): boolean => {
    if (domains.has(domain)) return true;
    problems.push(`${path}: ${domain} is none of the domains`);
    return false;
  };
  return {
    any,
    own(path, text) {
      const parsed = any(path, text);
      return parsed !== undefined && mustBeOwn(path, parsed.domain) ? parsed : undefined;
    },
    ownDomain(path, text) {
      const domain = parseDomain(text);
      if (domain === undefined) problems.push(`${path}: ${JSON.stringify(text)} is no domain`);
      return domain !== undefined && mustBeOwn(path, domain) ? domain : undefined;
    },
    note: (path, problem) => void problems.push(`${path}: ${problem}`),
  };
}

function readAliases(options: DirectoryOptions, reader: AddressReader): Map<string, Alias> {
  const aliases = new Map<string, Alias>();
  for (const [name, value] of Object.entries(options.aliases ?? {})) {
    const path = `aliases.${JSON.stringify(name)}`;
    const list: ListOptions = 'targets' in value ? value : { targets: value };
    const address = reader.own(path, name);
    const targets = list.targets.map((text) => reader.any(path, text));
    const owner = list.owner === undefined ? undefined : reader.any(`${path}.owner`, list.owner);
    if (list.targets.length === 0) reader.note(path, 'leads nowhere: name at least one address');
    if (address === undefined) continue;
    if (aliases.has(mailboxKey(address))) reader.note(path, 'stands here twice, in another case');
    const known = targets.filter((target) => target !== undefined);
    aliases.set(
      mailboxKey(address),
      owner === undefined ? { targets: known } : { targets: known, owner },
    );
  }
  return aliases;
}

function readCatchAll(options: DirectoryOptions, reader: AddressReader): Map<string, Mailbox> {
  const catchAll = new Map<string, Mailbox>();
  for (const [name, target] of Object.entries(options.catchAll ?? {})) {
    const path = `catchAll.${JSON.stringify(name)}`;
    const domain = reader.ownDomain(path, name);
    const address = reader.any(path, target);
    if (domain !== undefined && address !== undefined) catchAll.set(domain, address);
  }
  return catchAll;
}

function readQuotas(options: DirectoryOptions, problems: string[]): AddressBook['quotaOf'] {
  const quotas = new Map<string, number>();
  for (const [name, bytes] of Object.entries(options.quotas ?? {})) {
    const mailbox = parseAccountName(name);
    if (mailbox === undefined) problems.push(`quotas: ${JSON.stringify(name)} is no account`);
    else quotas.set(accountName(mailbox), bytes);
  }
  return (account) => quotas.get(account) ?? options.quotaBytes;
}
