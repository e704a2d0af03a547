/**
 * A message as a list shows it: who, what, when and its flags.
 *
 * Made of the header section alone. Names and subjects are decoded and made printable;
 * what is missing or broken is empty or `undefined`, never an error.
 *
 * RFC 5322 §3.6; RFC 2047; RFC 6522 (multipart/report).
 */
import { fieldValues } from '@posthouse/mail';
import type { HeaderSection } from '@posthouse/mail';
import { flagsOf } from '../maildir/entry.ts';
import type { MaildirEntry, MessageFlags } from '../maildir/entry.ts';
import { printableLine } from './printable.ts';

/** An address in a header field. */
export interface ShownAddress {
  /** Empty where none was given. */
  readonly name: string;
  readonly address: string;
}

/** One line of a list. Plain data. */
export interface MessageSummary {
  readonly folder: string;
  /** Names the message within its folder, whatever becomes of its flags. */
  readonly id: string;
  /** No mail program has shown it to its user yet. */
  readonly fresh: boolean;
  readonly flags: MessageFlags;
  /** When it was put into the mailbox, milliseconds since the epoch; 0 where nobody knows. */
  readonly arrivedAt: number;
  /** Octets of its file. */
  readonly sizeBytes: number;
  readonly subject: string;
  readonly from: readonly ShownAddress[];
  readonly to: readonly ShownAddress[];
  readonly cc: readonly ShownAddress[];
  /** What its author says, milliseconds since the epoch. */
  readonly date: number | undefined;
  readonly messageId: string | undefined;
  /** It is a notification about another message's delivery. */
  readonly report: boolean;
}

/** How the fields of strangers are read; loaded once for many messages. */
export interface FieldReader {
  text(section: HeaderSection, name: string): string;
  addresses(section: HeaderSection, name: string): readonly ShownAddress[];
}

/** Loads what reads fields. */
export async function loadFieldReader(): Promise<FieldReader> {
  const [{ default: parseAddresses }, { decodeWords }] = await Promise.all([
    import('nodemailer/lib/addressparser'),
    import('@posthouse/dsn'),
  ]);
  return {
    text: (section, name) => printableLine(decodeWords(fieldValues(section, name)[0] ?? '')),
    addresses: (section, name) =>
      parseAddresses(fieldValues(section, name).join(', '), { flatten: true }).map((entry) => ({
        // An encoded word is a name and nothing else, whatever it decodes to (RFC 2047 §5).
        name: printableLine(decodeWords(entry.name)),
        address: printableLine(entry.address ?? ''),
      })),
  };
}

/** Summarizes. */
export function summarize(
  entry: MaildirEntry,
  section: HeaderSection,
  fileBytes: number,
  read: FieldReader,
): MessageSummary {
  const date = Date.parse(fieldValues(section, 'Date')[0]?.replace(/\([^()]*\)/g, ' ') ?? '');
  const messageId = read.text(section, 'Message-ID');
  return {
    folder: entry.folder,
    id: entry.id,
    fresh: entry.subdirectory === 'new',
    flags: flagsOf(entry.flags),
    arrivedAt: entry.arrivedAt,
    sizeBytes: fileBytes,
    subject: read.text(section, 'Subject'),
    from: read.addresses(section, 'From'),
    to: read.addresses(section, 'To'),
    cc: read.addresses(section, 'Cc'),
    date: Number.isNaN(date) ? undefined : date,
    messageId: messageId === '' ? undefined : messageId,
    report: /^multipart\/report\b.*\breport-type="?delivery-status\b/is.test(
      fieldValues(section, 'Content-Type')[0] ?? '',
    ),
  };
}
