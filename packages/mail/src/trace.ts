/**
 * Trace fields: Received, Return-Path and Delivered-To, and counting them.
 *
 * A listener writes exactly one Received per network hop; a function call writes
 * none. What comes from a peer (its EHLO name) is cleaned to characters that
 * cannot end a comment or a field.
 *
 * RFC 5321 §4.4 (trace), RFC 3848 (with), RFC 8314 §4.3 (tls), RFC 5322 §3.3 (date), RFC 9228 (Delivered-To).
 */
import { literalOf } from './domain.ts';
import { formatMailbox } from './mailbox.ts';
import { formatPath } from './path.ts';
import type { ForwardPath, ReversePath } from './path.ts';
import { transmissionType } from './context.ts';
import type { TransferContext } from './context.ts';
import type { TransactionId } from './identifiers.ts';
import { createField } from './header-section.ts';
import type { HeaderField, HeaderSection } from './header-section.ts';

/** What a Received field tells. */
export interface ReceivedFacts {
  readonly context: TransferContext;
  /** Our host name. */
  readonly by: string;
  readonly id: TransactionId;
  readonly smtpUtf8: boolean;
  /** Given only where the message has a single recipient, so that no other one is told (RFC 5321 §7.2). */
  readonly recipient?: ForwardPath;
}

/** The Received field of a network hop. @throws TypeError for a local call, which writes none */
export function receivedField(facts: ReceivedFacts): HeaderField {
  const { context } = facts;
  const type = transmissionType(context, facts.smtpUtf8);
  if (type === undefined) throw new TypeError('a local call writes no Received field');
  const from = context.greeting === '' ? 'unknown' : safeWord(context.greeting);
  const tls =
    context.tls === undefined
      ? ''
      : `\r\n\t(${safeWord(context.tls.version)} ${safeWord(context.tls.cipher)})`;
  const recipient =
    facts.recipient === undefined ? '' : `\r\n\tfor <${formatMailbox(facts.recipient)}>`;
  return createField(
    'Received',
    `from ${from} (${peerComment(context)})\r\n\tby ${facts.by} with ${type} id ${facts.id}` +
      `${tls}${recipient};\r\n\t${formatDateTime(context.arrivedAt)}`,
  );
}

/** Written by final delivery, and only there (RFC 5321 §4.4). */
export function returnPathField(reversePath: ReversePath): HeaderField {
  return createField('Return-Path', formatPath(reversePath));
}

export function deliveredToField(recipient: ForwardPath): HeaderField {
  return createField('Delivered-To', formatMailbox(recipient));
}

/** How many hosts the message has passed (RFC 5321 §6.3). */
export function countHops(section: HeaderSection): number {
  return section.fields.filter((field) => field.name === 'received').length;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 5322 §3.3 date-time, in UTC. */
export function formatDateTime(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

function peerComment(context: TransferContext): string {
  const { address, name } = context.peer;
  if (address === 'local') return 'local';
  const literal = literalOf(address);
  return name === undefined ? literal : `${safeWord(name)} ${literal}`;
}

/** Keeps what cannot leave an atom or a comment; UTF-8 stays (RFC 6532). */
function safeWord(text: string): string {
  return text.replace(/[^A-Za-z0-9.:_[\]\u0080-\u{10ffff}-]/gu, '?').slice(0, 255);
}
