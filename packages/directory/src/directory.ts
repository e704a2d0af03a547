/**
 * Directory: what a mail system knows of its own domains. Who may log in, who owns an
 * address, what an address means.
 *
 * Answers about addresses are immediate and come from memory. Accounts are read from
 * their file, and changes of it are noticed (`accounts-source.ts`). A file that is broken
 * when the directory starts stops it from starting; later the last good one stays.
 */
import type { Clock, Logger, MailDomain, Mailbox, Startable } from '@posthouse/mail';
import { accountName, parseAccountName } from './account.ts';
import type { Account } from './account.ts';
import { createAccountsSource } from './accounts-source.ts';
import type { AccountsSource } from './accounts-source.ts';
import type { AccountEntry } from './accounts-format.ts';
import { createExpansionMemory } from './expansion-memory.ts';
import { expandAddress } from './expansion.ts';
import type { Expansion, ExpansionOptions } from './expansion.ts';
import { readAddressBook } from './options.ts';
import type { AddressBook, DirectoryOptions } from './options.ts';
import { ownsAddress } from './ownership.ts';
import { createPasswordCheck } from './password-check.ts';
import { accountAt, resolveAddress } from './resolution.ts';
import type { AccountMatch, Knowledge, Resolution } from './resolution.ts';

export interface DirectoryDeps {
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Domains, accounts, aliases and credentials. */
export interface Directory extends Startable {
  isOwnDomain(domain: MailDomain): boolean;
  /** What one address means, one step deep. Addresses of other domains are `unknown`. */
  resolve(address: Mailbox): Resolution;
  /** Where mail for an address ends up, all steps. */
  expand(address: Mailbox, options?: ExpansionOptions): Expansion;
  /** The account whose mailbox this final address is, detail or not. Aliases are not asked. */
  accountAt(address: Mailbox): AccountMatch | undefined;
  /** An account by the name that one logs in with, in any case. */
  account(name: string): Account | undefined;
  /** Whether the account may write from the address. */
  owns(account: Account, address: Mailbox): boolean;
  /**
   * The account, if the password is right; `undefined` if not, or if there is no such account.
   * @param peer who asks, for example an IP address; failures are limited for each account and peer
   * @throws MailError `authentication-unavailable`: too many failures, or too many logins at once
   */
  authenticate(user: string, password: string, peer?: string): Promise<Account | undefined>;
  /**
   * Reads the accounts now, and takes new options if any are given.
   * @throws AccountsError, DirectoryOptionsError or a fault of the file system; then nothing has changed
   */
  reload(options?: DirectoryOptions): Promise<void>;
}

/**
 * Makes a directory; `start` reads the accounts.
 *
 * @example
 * const directory = createDirectory(
 *   { domains: ['example.test'], accountsFile: 'var/accounts' },
 *   { logger, clock: systemClock },
 * );
 * @throws DirectoryOptionsError
 */
export function createDirectory(options: DirectoryOptions, deps: DirectoryDeps): Directory {
  let book = readAddressBook(options);
  let path = options.accountsFile;
  let source = createAccountsSource(path, deps);
  const passwords = createPasswordCheck(deps.clock);
  const expansions = createExpansionMemory();
  const knowledge = (): Knowledge => knowledgeOf(book, source);

  /** A negative answer is given only after a look at the file. */
  function sure<T>(ask: () => T, isNegative: (answer: T) => boolean): T {
    const answer = ask();
    return isNegative(answer) && source.refresh() ? ask() : answer;
  }

  async function authenticate(
    name: string,
    password: string,
    peer: string,
  ): Promise<Account | undefined> {
    const entry = source.current().get(name);
    const isRight = await passwords.isRight({ name, password, hash: entry?.hash, peer });
    if (isRight && entry !== undefined) return accountOf(entry, book);
    return source.refresh() ? authenticate(name, password, peer) : undefined;
  }

  return {
    start: async () => source.read(),
    stop: async () => passwords.clear(),
    isOwnDomain: (domain) => book.domains.has(domain),
    resolve: (address) =>
      sure(
        () => resolveAddress(address, knowledge()),
        (resolution) => resolution.kind === 'unknown' && book.domains.has(address.domain),
      ),
    expand: (address, how) =>
      sure(
        () =>
          expansions.recall(address, how ?? {}, [book, source.current()], () =>
            expandAddress(address, knowledge(), how),
          ),
        (expansion) => expansion.lost.some((loss) => loss.reason === 'unknown'),
      ),
    accountAt: (address) => sure(() => accountAt(address, knowledge()), isMissing),
    account: (name) => sure(() => knowledge().account(loginName(name)), isMissing),
    owns: (account, address) => ownsAddress(account, address, knowledge()),
    authenticate: (user, password, peer = '') => authenticate(loginName(user), password, peer),
    async reload(changed) {
      const newBook = changed === undefined ? book : readAddressBook(changed);
      const newPath = changed === undefined ? path : changed.accountsFile;
      const newSource = newPath === path ? source : createAccountsSource(newPath, deps);
      newSource.read();
      [book, source, path] = [newBook, newSource, newPath];
    },
  };
}

function knowledgeOf(book: AddressBook, source: AccountsSource): Knowledge {
  const entries = source.current();
  const account = (entry: AccountEntry | undefined): Account | undefined =>
    entry === undefined ? undefined : accountOf(entry, book);
  return {
    book,
    account: (key) => account(entries.get(key)),
    firstAccount: () => account(entries.values().next().value),
  };
}

function accountOf(entry: AccountEntry, book: AddressBook): Account {
  const quotaBytes = book.quotaOf(entry.name);
  const account = { name: entry.name, mailbox: entry.mailbox };
  return quotaBytes === undefined ? account : { ...account, quotaBytes };
}

/** The key of an account; of text that can be no account, one that none has. */
function loginName(user: string): string {
  const mailbox = parseAccountName(user);
  return mailbox === undefined ? '' : accountName(mailbox);
}

function isMissing(answer: unknown): boolean {
  return answer === undefined;
}
