/**
 * Repair of a submitted header section: what an author's program forgot is added, what
 * must not travel is taken out, nothing else changes. Pure.
 *
 * Added where missing: Date, Message-ID, From. Removed: Bcc and Resent-Bcc. A message
 * whose DKIM-Signature covers Bcc would lose its signature, so it is refused instead.
 * A message without any header section gets one in front of its text.
 *
 * RFC 6409 §8.1-8.3; RFC 5322 §3.6 (which fields there must be), §3.6.3 (Bcc).
 */
import { createField, fieldValue, formatDateTime, formatFields, refuse } from '@posthouse/mail';
import type { HeaderField, HeaderSection } from '@posthouse/mail';

/** What is put in where it is missing. */
export interface RepairFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A fresh Message-ID with its angle brackets. */
  readonly messageId: string;
  /** The author's address, for a missing From. */
  readonly author: string;
}

/** The repaired header section, its empty line included. @throws MailError `bcc-signed` */
export function repairHeaderSection(section: HeaderSection, facts: RepairFacts): Buffer {
  const { fields } = section;
  const blind = fields.filter(isBlindCopy);
  if (blind.length > 0 && fields.some((field) => signs(field, blind))) throw refuse('bcc-signed');
  const has = (name: string): boolean => fields.some((field) => field.name === name);
  const added = [
    ...(has('date') ? [] : [createField('Date', formatDateTime(facts.now))]),
    ...(has('from') ? [] : [createField('From', `<${facts.author}>`)]),
    ...(has('message-id') ? [] : [createField('Message-ID', facts.messageId)]),
  ];
  const kept = fields.filter((field) => !isBlindCopy(field));
  return Buffer.concat([formatFields([...kept, ...added]), Buffer.from('\r\n')]);
}

function isBlindCopy(field: HeaderField): boolean {
  return field.name === 'bcc' || field.name === 'resent-bcc';
}

/** Whether a DKIM-Signature's h= tag names one of the fields (RFC 6376 §3.5). */
function signs(field: HeaderField, others: readonly HeaderField[]): boolean {
  if (field.name !== 'dkim-signature') return false;
  const tag = /(?:^|;)\s*h\s*=([^;]*)/.exec(fieldValue(field))?.[1] ?? '';
  const signed = tag.split(':').map((name) => name.trim().toLowerCase());
  return others.some((other) => signed.includes(other.name));
}
