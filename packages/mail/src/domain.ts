/**
 * Domains and address literals.
 *
 * A `Domain` is always a sequence of lower-case A-labels ("xn--..." where the
 * name is international): that is what DNS and the wire use, and comparing two
 * of them is comparing two strings. U-labels exist only in what people read.
 *
 * Parsing never throws: it answers `undefined` for text that is no domain.
 *
 * RFC 5321 §2.3.5, §4.1.2, §4.1.3; RFC 5890 (A-label, U-label); RFC 1035 §2.3.4.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';

declare const domainBrand: unique symbol;
declare const literalBrand: unique symbol;

/** A DNS name in lower-case A-labels, without a trailing dot. */
export type Domain = string & { readonly [domainBrand]: true };

/** An address literal in canonical form: `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
export type AddressLiteral = string & { readonly [literalBrand]: true };

/** What may stand after the `@` of a mailbox. */
export type MailDomain = Domain | AddressLiteral;

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const MAX_NAME_OCTETS = 253;

/**
 * Reads a domain from text in any case and in A- or U-labels; one trailing dot
 * is refused, as RFC 5321 has none. `undefined` when the text is not a domain.
 */
export function parseDomain(text: string): Domain | undefined {
  const ascii = isAscii(text) ? text.toLowerCase() : toALabels(text);
  if (ascii === undefined || ascii.length === 0 || ascii.length > MAX_NAME_OCTETS) return undefined;
  const labels = ascii.split('.');
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  // A name whose last label is all digits would be an IPv4 address to half the world's parsers.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return undefined;
  return ascii as Domain; // parsed boundary: every label was checked above
}

/** Reads `[192.0.2.1]` or `[IPv6:...]` (the tag in any case); `undefined` for anything else. */
export function parseAddressLiteral(text: string): AddressLiteral | undefined {
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined;
  const inner = text.slice(1, -1);
  if (isIPv4(inner)) return `[${inner}]` as AddressLiteral; // parsed boundary
  const six = /^ipv6:(.+)$/i.exec(inner)?.[1];
  if (six !== undefined && isIPv6(six) && !six.includes('%')) {
    return `[IPv6:${compressIPv6(six)}]` as AddressLiteral; // parsed boundary
  }
  return undefined;
}

/** Reads either form. */
export function parseMailDomain(text: string): MailDomain | undefined {
  return text.startsWith('[') ? parseAddressLiteral(text) : parseDomain(text);
}

export function isAddressLiteral(domain: MailDomain): domain is AddressLiteral {
  return domain.startsWith('[');
}

/** The bare IP address inside a literal, as sockets want it. */
export function literalAddress(literal: AddressLiteral): string {
  return literal.startsWith('[IPv6:') ? literal.slice(6, -1) : literal.slice(1, -1);
}

/** An IP address without its zone (`%eth0`), and an IPv4-mapped IPv6 address as the IPv4 address that it is. */
export function plainAddress(address: string): string {
  const zoneless = address.replace(/%.*$/s, '');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(zoneless)?.[1] ?? zoneless;
}

/** The address literal of an IP address; an IPv4-mapped IPv6 address becomes plain IPv4, and a zone (`%eth0`) is dropped. */
export function literalOf(address: string): AddressLiteral {
  const plain = plainAddress(address);
  const literal = parseAddressLiteral(isIPv6(plain) ? `[IPv6:${plain}]` : `[${plain}]`);
  if (literal === undefined) throw new TypeError(`not an IP address: ${JSON.stringify(address)}`);
  return literal;
}

/**
 * The keys under which a rule for a domain may stand, the nearest first: the domain itself, then
 * `*.` and each domain above it.
 * @example domainPatterns(domain) // 'a.b.test', '*.b.test', '*.test'
 */
export function domainPatterns(domain: string): readonly string[] {
  if (domain.startsWith('[')) return [domain]; // an address literal is below nothing
  const labels = domain.split('.');
  return [domain, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`)];
}

/** The form for people: U-labels where the name is international. Never for the wire. */
export function displayDomain(domain: MailDomain): string {
  if (!domain.includes('xn--')) return domain;
  const unicode = domainToUnicode(domain);
  return unicode === '' ? domain : unicode;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/**
 * node's converter is a URL host parser: it percent-decodes, reads "1.2" as an
 * IPv4 address and drops tabs. So ASCII outside names is refused first, and the
 * result must keep the number of labels (checked for digits by the caller).
 */
function toALabels(text: string): string | undefined {
  if (/[\u0000-\u002c\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\u007f]/.test(text)) {
    return undefined;
  }
  const ascii = domainToASCII(text);
  const labels = text.split(/[.\u3002\uff0e\uff61]/).length;
  return ascii !== '' && ascii.split('.').length === labels ? ascii : undefined;
}

function compressIPv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
