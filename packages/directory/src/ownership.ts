/**
 * Which addresses an account may write from. Pure.
 *
 * Its own, with any detail part; and every alias that leads to it and to nobody else. A
 * catch-all and the implied postmaster give no right to write from their addresses.
 */
import { mailboxKey } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import type { Account } from './account.ts';
import { accountAt, resolveAddress } from './resolution.ts';
import type { Knowledge } from './resolution.ts';

const MAX_DEPTH = 20;

export function ownsAddress(account: Account, address: Mailbox, knowledge: Knowledge): boolean {
  if (mailboxKey(address) === mailboxKey(account.mailbox)) return true;
  let target = address;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (!knowledge.book.domains.has(target.domain)) return false;
    // The address of an account belongs to that account, wherever its mail is sent.
    const match = accountAt(target, knowledge);
    if (match !== undefined) return match.account.name === account.name;
    const resolution = resolveAddress(target, knowledge);
    if (resolution.kind !== 'alias' || resolution.by !== 'alias') return false;
    const [only, ...others] = resolution.targets;
    if (only === undefined || others.length > 0) return false;
    target = only;
  }
  return false;
}
