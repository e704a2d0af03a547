/**
 * Account: somebody who may log in and has a mailbox.
 *
 * Its name is its address, and becomes a directory name below the mail directory.
 * So names are canonical (lower case, NFC, A-labels) and made of characters that are
 * safe in a path and in a passwd-file; Dovecot, too, looks names up in lower case.
 * Parsing never throws.
 */
import { createMailbox, formatMailbox, parseMailbox } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';

/** One account. Plain data. */
export interface Account {
  /** `alice@example.test`: what one logs in with, in its canonical form. */
  readonly name: string;
  readonly mailbox: Mailbox;
  /** What the mailbox may hold; absent: no limit. */
  readonly quotaBytes?: number;
}

const SAFE_LOCAL_PART = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}._='~-]*$/u;

/** Reads an account's name in any case; `undefined` where it could be no account. */
export function parseAccountName(text: string): Mailbox | undefined {
  const parsed = parseMailbox(text);
  if (parsed === undefined || parsed.domain.startsWith('[')) return undefined;
  const localPart = parsed.localPart.normalize('NFC').toLowerCase();
  if (!SAFE_LOCAL_PART.test(localPart) || localPart.includes('..') || localPart.endsWith('.')) {
    return undefined;
  }
  return createMailbox(localPart, parsed.domain);
}

/** The canonical form of a name that was parsed. */
export function accountName(mailbox: Mailbox): string {
  return formatMailbox(mailbox);
}
