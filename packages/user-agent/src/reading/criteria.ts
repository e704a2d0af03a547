/**
 * What a search looks for. All that is given must be true of a message; text is found
 * without regard to case and anywhere within.
 *
 * Pure: what needs the body is asked last, and only of messages that pass all else.
 */
import { FLAG_NAMES, flagsOf } from '../maildir/entry.ts';
import type { MaildirEntry, MessageFlags } from '../maildir/entry.ts';
import type { MessageSummary, ShownAddress } from './message-summary.ts';

/** At least one is given, or every message is found. */
export interface Criteria {
  /** In From, To, Cc or the subject. */
  readonly words?: string | undefined;
  readonly from?: string | undefined;
  /** In To or Cc. */
  readonly to?: string | undefined;
  readonly subject?: string | undefined;
  /** In the text that `show` shows. Reads every message that all else is true of. */
  readonly body?: string | undefined;
  /** Put into the mailbox at this time or later, milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Put into the mailbox before this time. */
  readonly before?: number | undefined;
  readonly flags?: Partial<MessageFlags> | undefined;
  /** No mail program has shown it yet, or one has. */
  readonly fresh?: boolean | undefined;
  readonly messageId?: string | undefined;
}

/** What the file's name alone can tell: false spares opening the file. */
export function mayMatch(criteria: Criteria, entry: MaildirEntry): boolean {
  const { since, before, fresh, flags } = criteria;
  if (since !== undefined && entry.arrivedAt < since) return false;
  if (before !== undefined && entry.arrivedAt >= before) return false;
  if (fresh !== undefined && fresh !== (entry.subdirectory === 'new')) return false;
  const has = flagsOf(entry.flags);
  return FLAG_NAMES.every((name) => flags?.[name] === undefined || flags[name] === has[name]);
}

/** What the header section can tell. */
export function matchesHeader(criteria: Criteria, message: MessageSummary): boolean {
  const { words, from, to, subject, messageId } = criteria;
  const recipients = [...message.to, ...message.cc];
  return (
    within(message.subject, subject) &&
    withinAddresses(message.from, from) &&
    withinAddresses(recipients, to) &&
    (messageId === undefined || message.messageId === messageId) &&
    (within(message.subject, words) || withinAddresses([...message.from, ...recipients], words))
  );
}

/** Whether the text has what is looked for; nothing is in every text. */
export function within(text: string, wanted: string | undefined): boolean {
  return wanted === undefined || folded(text).includes(folded(wanted));
}

function withinAddresses(addresses: readonly ShownAddress[], wanted: string | undefined): boolean {
  return wanted === undefined || within(addresses.map(textOf).join('\n'), wanted);
}

function textOf({ name, address }: ShownAddress): string {
  return `${name} <${address}>`;
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
