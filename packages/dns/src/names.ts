/**
 * Names to ask for: which can be asked at all, which are answered without asking,
 * and the names under which addresses have theirs.
 *
 * RFC 1035 §2.3.4 (sizes), §3.5 and RFC 3596 §2.5 (reverse names), RFC 6761 §6.3
 * and §6.4 (localhost, invalid), RFC 7686 §2 (onion).
 */
import { isIP, isIPv4 } from 'node:net';
import { plainAddress } from '@posthouse/mail';

const MAX_NAME_OCTETS = 253;
const LABEL = /^[\u0021-\u002d\u002f-\u005b\u005d-\u007e]{1,63}$/;

/**
 * The name in lower case and without a final dot; `undefined` for what is too long or too odd
 * to be a name anyone has.
 */
export function queryName(text: string): string | undefined {
  const name = text.replace(/\.$/, '').toLowerCase();
  if (name.length > MAX_NAME_OCTETS) return undefined;
  return name.split('.').every((label) => LABEL.test(label)) ? name : undefined;
}

/** The reverse name of an IP address. @throws TypeError for anything else */
export function reverseName(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) === 0) throw new TypeError(`not an IP address: ${JSON.stringify(address)}`);
  if (isIPv4(plain)) return `${plain.split('.').toReversed().join('.')}.in-addr.arpa`;
  return `${hexDigits(plain).split('').toReversed().join('.')}.ip6.arpa`;
}

/** What is known of a name without asking anyone. */
export type SpecialName = 'localhost' | 'no-such-domain';

/** Names that no server may be asked about. */
export function specialName(name: string): SpecialName | undefined {
  const top = name.slice(name.lastIndexOf('.') + 1);
  if (top === 'localhost') return 'localhost';
  return top === 'invalid' || top === 'onion' ? 'no-such-domain' : undefined;
}

/** The 32 digits of an IPv6 address. The URL parser gives the compressed form in plain hex. */
function hexDigits(address: string): string {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const front = groups(head);
  const back = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0000');
  return [...front, ...zeros, ...back].join('');
}

function groups(text: string): readonly string[] {
  return text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0'));
}
