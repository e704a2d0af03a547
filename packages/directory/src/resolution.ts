/**
 * What an address of our own means: an account, an alias, or nothing. Pure.
 *
 * Looked up in this order: alias, account, both again without the detail part, the
 * postmaster that every domain has (RFC 5321 §4.5.1), the domain's catch-all. An alias
 * goes before the account of the same name, so that an account can have its mail copied
 * elsewhere; `accountAt` does not know of aliases, and is for final addresses.
 */
import { createMailbox, mailboxKey } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import type { Account } from './account.ts';
import type { AddressBook } from './options.ts';

/** An account, and what stood behind the separator: `alice+lists@` has the detail `lists`. */
export interface AccountMatch {
  readonly kind: 'account';
  readonly account: Account;
  readonly detail?: string;
}

/** Other addresses. */
export interface AliasMatch {
  readonly kind: 'alias';
  /** Which rule made it one. */
  readonly by: 'alias' | 'catch-all' | 'postmaster';
  /** The alias as such: the address without its detail. */
  readonly alias: Mailbox;
  readonly targets: readonly Mailbox[];
  /** Who is told of failures in place of the author, of a list (RFC 5321 §3.9.2). */
  readonly owner?: Mailbox;
}

/** What an address means. Addresses of other domains are `unknown`. */
export type Resolution = AccountMatch | AliasMatch | { readonly kind: 'unknown' };

/** What resolving looks at, as it is at this moment. */
export interface Knowledge {
  readonly book: AddressBook;
  /** An account by its `mailboxKey`. */
  account(key: string): Account | undefined;
  /** The first account of the file. */
  firstAccount(): Account | undefined;
}

const UNKNOWN: Resolution = Object.freeze({ kind: 'unknown' });

/** What an address means. */
export function resolveAddress(address: Mailbox, knowledge: Knowledge): Resolution {
  const { book } = knowledge;
  if (!book.domains.has(address.domain)) return UNKNOWN;
  return (
    aliasAt(address, knowledge) ??
    accountMatch(address, undefined, knowledge) ??
    withoutDetail(address, knowledge) ??
    postmaster(address, knowledge) ??
    catchAll(address, knowledge) ??
    UNKNOWN
  );
}

/** The account whose mailbox a final address is, detail or not; aliases are not asked. */
export function accountAt(address: Mailbox, knowledge: Knowledge): AccountMatch | undefined {
  const exact = accountMatch(address, undefined, knowledge);
  if (exact !== undefined) return exact;
  const split = splitDetail(address, knowledge.book.plusSeparator);
  return split === undefined ? undefined : accountMatch(split.base, split.detail, knowledge);
}

/** The address without its detail, and the detail; `undefined` where it has none. */
function splitDetail(
  address: Mailbox,
  separator: string,
): { readonly base: Mailbox; readonly detail: string } | undefined {
  const at = separator === '' ? -1 : address.localPart.indexOf(separator);
  if (at < 1) return undefined;
  const base = createMailbox(address.localPart.slice(0, at), address.domain);
  if (base === undefined) return undefined;
  return { base, detail: address.localPart.slice(at + 1).normalize('NFC') };
}

function accountMatch(
  address: Mailbox,
  detail: string | undefined,
  knowledge: Knowledge,
): AccountMatch | undefined {
  const account = knowledge.account(mailboxKey(address));
  if (account === undefined) return undefined;
  return detail === undefined || detail === ''
    ? { kind: 'account', account }
    : { kind: 'account', account, detail };
}

function aliasAt(address: Mailbox, { book }: Knowledge): AliasMatch | undefined {
  const alias = book.aliases.get(mailboxKey(address));
  return alias === undefined ? undefined : { kind: 'alias', by: 'alias', alias: address, ...alias };
}

function withoutDetail(address: Mailbox, knowledge: Knowledge): Resolution | undefined {
  const split = splitDetail(address, knowledge.book.plusSeparator);
  if (split === undefined) return undefined;
  return aliasAt(split.base, knowledge) ?? accountMatch(split.base, split.detail, knowledge);
}

function postmaster(address: Mailbox, knowledge: Knowledge): AliasMatch | undefined {
  if (address.localPart.toLowerCase() !== 'postmaster') return undefined;
  const target = knowledge.book.postmaster ?? knowledge.firstAccount()?.mailbox;
  return target === undefined ? undefined : aliasTo(target, 'postmaster', address);
}

function catchAll(address: Mailbox, { book }: Knowledge): AliasMatch | undefined {
  const target = book.catchAll.get(address.domain);
  return target === undefined ? undefined : aliasTo(target, 'catch-all', address);
}

function aliasTo(target: Mailbox, by: AliasMatch['by'], alias: Mailbox): AliasMatch {
  return { kind: 'alias', by, alias, targets: [target] };
}
