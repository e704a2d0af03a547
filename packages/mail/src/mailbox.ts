/**
 * Mailbox: local-part and domain, parsed once at the edge and never a bare
 * string again.
 *
 * The local-part is kept as it means, without quoting: `"a b"@x` and `a\ b` have
 * the local-part `a b`. It is quoted again on the way out where it must be.
 * Parsing answers `undefined` for text that is no mailbox; it never throws.
 *
 * RFC 5321 §4.1.2 (grammar), §4.5.3.1 (sizes), §2.4 (case); RFC 6531 §3.3 (UTF-8).
 */
import { displayDomain, parseMailDomain } from './domain.ts';
import type { MailDomain } from './domain.ts';

/** One address. Plain data; build it with `parseMailbox` or `createMailbox`. */
export interface Mailbox {
  /** The meaning of the local-part, unquoted; case kept (RFC 5321 §2.4). */
  readonly localPart: string;
  readonly domain: MailDomain;
}

const ATEXT = "-A-Za-z0-9!#$%&'*+/=?^_`{|}~";
const DOT_STRING = new RegExp(
  `^[${ATEXT}\\u0080-\\u{10ffff}]+(?:\\.[${ATEXT}\\u0080-\\u{10ffff}]+)*$`,
  'u',
);
const QUOTED = /^"((?:[^"\\\u0000-\u001f\u007f]|\\[\u0020-\u007e])*)"$/u;
/** RFC 5321 §4.5.3.1.1, counted in octets. */
const MAX_LOCAL_PART_OCTETS = 64;
/** RFC 5321 §4.5.3.1.3: 256 with the angle brackets. */
const MAX_ADDRESS_OCTETS = 254;

/** Reads `local-part@domain` without angle brackets. */
export function parseMailbox(text: string): Mailbox | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1) return undefined;
  const localPart = parseLocalPart(text.slice(0, at));
  const domain = parseMailDomain(text.slice(at + 1));
  if (localPart === undefined || domain === undefined) return undefined;
  return createMailbox(localPart, domain);
}

/** Builds a mailbox from an unquoted local-part; `undefined` where the sizes forbid it. */
export function createMailbox(localPart: string, domain: MailDomain): Mailbox | undefined {
  if (localPart === '' || !isWellFormed(localPart)) return undefined;
  if (Buffer.byteLength(localPart) > MAX_LOCAL_PART_OCTETS) return undefined;
  const mailbox: Mailbox = { localPart, domain };
  return Buffer.byteLength(formatMailbox(mailbox)) > MAX_ADDRESS_OCTETS ? undefined : mailbox;
}

/** The wire form: A-labels, quoted where the local-part is no dot-string. */
export function formatMailbox(mailbox: Mailbox): string {
  return `${formatLocalPart(mailbox.localPart)}@${mailbox.domain}`;
}

/** The form for people: as the wire form, with U-labels. */
export function displayMailbox(mailbox: Mailbox): string {
  return `${formatLocalPart(mailbox.localPart)}@${displayDomain(mailbox.domain)}`;
}

/** Whether the local-part needs SMTPUTF8 on the wire (RFC 6531 §3.4). */
export function needsSmtpUtf8(mailbox: Mailbox): boolean {
  return /[^\u0000-\u007f]/.test(mailbox.localPart);
}

/** Equal for routing between strangers: local-part with its case, domain without (RFC 5321 §2.4). */
export function sameMailbox(a: Mailbox, b: Mailbox): boolean {
  return a.localPart === b.localPart && a.domain === b.domain;
}

/**
 * One key for one mailbox of our own domains, whose local-parts we choose to
 * compare without case and in NFC, as every large provider does.
 */
export function mailboxKey(mailbox: Mailbox): string {
  return `${mailbox.localPart.normalize('NFC').toLowerCase()}@${mailbox.domain}`;
}

function parseLocalPart(text: string): string | undefined {
  if (DOT_STRING.test(text)) return text;
  const quoted = QUOTED.exec(text)?.[1];
  return quoted === undefined ? undefined : quoted.replace(/\\(.)/gu, '$1');
}

function formatLocalPart(localPart: string): string {
  return DOT_STRING.test(localPart) ? localPart : `"${localPart.replace(/["\\]/g, '\\$&')}"`;
}

function isWellFormed(localPart: string): boolean {
  return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(localPart) && localPart.isWellFormed();
}
