/**
 * Reads a delivery status notification of any mail system.
 *
 * Tolerant: what is missing or cannot be read is `undefined`, and so is the whole
 * for octets that are no notification at all. Never throws.
 *
 * RFC 3464 §2.2 and §2.3, RFC 6522, RFC 6533 §3.
 */
import {
  fieldValues,
  parseMessageId,
  parseStatus,
  readHeaderSection,
  readReply,
} from '@posthouse/mail';
import type { EnhancedStatus, MessageId, Reply } from '@posthouse/mail';
import { decodeWords } from './encoded-words.ts';
import type { Action } from './fate.ts';
import { readMimeParts } from './mime-parts.ts';
import type { ReturnedPart } from './mime-parts.ts';
import { fieldOf, parseBlocks } from './status-fields.ts';
import type { StatusBlock } from './status-fields.ts';
import { decodeUtf8Address } from './utf8-address.ts';

/** A name, an address or words with their type in lower case: `dns`, `rfc822`, `utf-8`, `smtp`. */
export interface Typed {
  readonly type: string;
  readonly value: string;
}

/** A notification that was read. */
export interface ReadReport {
  readonly reportingMta: Typed | undefined;
  readonly receivedFromMta: Typed | undefined;
  /** ENVID, as the author gave it. */
  readonly envelopeId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number | undefined;
  /** At least one. */
  readonly recipients: readonly ReadRecipient[];
  /** The part for people. */
  readonly text: string | undefined;
  readonly returned: ReadReturned | undefined;
  /** All fields about the message. */
  readonly fields: StatusBlock;
}

/** What a notification says about one recipient. */
export interface ReadRecipient {
  readonly finalRecipient: Typed | undefined;
  /** The address that the author wrote, where ORCPT was kept. */
  readonly originalRecipient: Typed | undefined;
  readonly action: Action | undefined;
  /** As the Status field says, else as the quoted reply does. */
  readonly status: EnhancedStatus | undefined;
  readonly remoteMta: Typed | undefined;
  /** The words of the host that refused. */
  readonly diagnosticCode: Typed | undefined;
  /** The diagnostic code where it is an SMTP reply. Its lines cannot be told apart any more. */
  readonly reply: Reply | undefined;
  /** Milliseconds since the epoch. */
  readonly lastAttemptAt: number | undefined;
  /** Milliseconds since the epoch. */
  readonly willRetryUntil: number | undefined;
  /** All fields about the recipient. */
  readonly fields: StatusBlock;
}

/** What came back of the message. */
export interface ReadReturned extends ReturnedPart {
  readonly messageId: MessageId | undefined;
  /** Decoded. */
  readonly subject: string | undefined;
}

const MAX_HEADER_BYTES = 64 * 1_024;

/** Reads a message that may be a notification; `undefined` when it is none. */
export async function readDsn(message: Uint8Array): Promise<ReadReport | undefined> {
  const parts = await readMimeParts(message);
  const [first, ...others] = parseBlocks(parts?.status ?? '');
  if (parts === undefined || first === undefined) return undefined;
  // Some mail systems leave out what is about the message, or the empty line behind it.
  const isAboutRecipient = fieldOf(first, 'Final-Recipient') !== undefined;
  const recipients = isAboutRecipient ? [first, ...others] : others;
  if (recipients.length === 0) return undefined;
  return {
    reportingMta: typed(first, 'Reporting-MTA'),
    receivedFromMta: typed(first, 'Received-From-MTA'),
    envelopeId: fieldOf(first, 'Original-Envelope-Id'),
    arrivedAt: date(first, 'Arrival-Date'),
    recipients: recipients.map(readRecipient),
    text: parts.text,
    returned: parts.returned === undefined ? undefined : readReturned(parts.returned),
    fields: first,
  };
}

function readRecipient(block: StatusBlock): ReadRecipient {
  const diagnosticCode = typed(block, 'Diagnostic-Code');
  const reply = quotedReply(diagnosticCode);
  return {
    finalRecipient: address(block, 'Final-Recipient'),
    originalRecipient: address(block, 'Original-Recipient'),
    action: readAction(fieldOf(block, 'Action')),
    status: readStatus(fieldOf(block, 'Status')) ?? reply?.status,
    remoteMta: typed(block, 'Remote-MTA'),
    diagnosticCode,
    reply,
    lastAttemptAt: date(block, 'Last-Attempt-Date'),
    willRetryUntil: date(block, 'Will-Retry-Until'),
    fields: block,
  };
}

function readReturned(part: ReturnedPart): ReadReturned {
  // A notification that was read from a file may have the line ends of the file.
  const start = part.bytes.toString('latin1', 0, MAX_HEADER_BYTES).replace(/\r?\n/g, '\r\n');
  const section = readHeaderSection(Buffer.from(start, 'latin1'));
  const [messageId] = fieldValues(section, 'Message-ID');
  const [subject] = fieldValues(section, 'Subject');
  return {
    ...part,
    messageId: messageId === undefined ? undefined : parseMessageId(messageId),
    subject: subject === undefined ? undefined : decodeWords(subject),
  };
}

/** `type; value`. A value without a type is kept as of type `unknown`. */
function typed(block: StatusBlock, name: string): Typed | undefined {
  const field = fieldOf(block, name);
  if (field === undefined) return undefined;
  const match = /^\s*([\w.-]+)\s*;\s*(.*)$/s.exec(field);
  return match === null
    ? { type: 'unknown', value: field }
    : { type: (match[1] ?? '').toLowerCase(), value: match[2] ?? '' };
}

function address(block: StatusBlock, name: string): Typed | undefined {
  const field = typed(block, name);
  if (field === undefined) return undefined;
  const value = field.value.replace(/^<(.*)>$/, '$1');
  return { type: field.type, value: field.type === 'utf-8' ? decodeUtf8Address(value) : value };
}

const ACTIONS: readonly Action[] = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'];

/** A comment may follow, and case does not count (RFC 3464 §2.3.3). */
function readAction(text: string | undefined): Action | undefined {
  const word = text?.toLowerCase().match(/^[a-z]+/)?.[0];
  return ACTIONS.find((action) => action === word);
}

/** A comment may follow (RFC 3464 §2.3.4). */
function readStatus(text: string | undefined): EnhancedStatus | undefined {
  return parseStatus(text?.match(/\d\.\d{1,3}\.\d{1,3}/)?.[0] ?? '');
}

function quotedReply(diagnosticCode: Typed | undefined): Reply | undefined {
  if (diagnosticCode?.type !== 'smtp') return undefined;
  const match = /^([2-5]\d\d)(?:[ -](.*))?$/s.exec(diagnosticCode.value);
  return match === null ? undefined : readReply(Number(match[1]), [match[2] ?? '']);
}

function date(block: StatusBlock, name: string): number | undefined {
  const field = fieldOf(block, name);
  if (field === undefined) return undefined;
  const at = Date.parse(field.replace(/\([^()]*\)/g, ' ').trim());
  return Number.isNaN(at) ? undefined : at;
}
