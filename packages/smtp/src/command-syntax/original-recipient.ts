/**
 * ORCPT: the address that the author wrote, `type;address`, for the notifications.
 *
 * Most address types are in xtext. The type `utf-8` has forms of its own: characters
 * outside ASCII stand as `\x{HEX}`, or as they are where SMTPUTF8 is in force.
 * Reading answers `undefined` for what cannot stand in a notification.
 *
 * RFC 3461 §4.2 (ORCPT, 500 characters), RFC 6533 §3 (utf-8 address type).
 */
import { decodeXtext, encodeXtext } from '@posthouse/mail';
import type { OriginalRecipient } from '@posthouse/mail';

const MAX_CHARACTERS = 500;
const ADDRESS_TYPE = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/;
const EMBEDDED = /\\x\{([0-9A-Fa-f]{2,6})\}/g;

/** Reads the parameter's value. */
export function parseOriginalRecipient(text: string): OriginalRecipient | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const semicolon = text.indexOf(';');
  const type = text.slice(0, Math.max(0, semicolon)).toLowerCase();
  if (!ADDRESS_TYPE.test(type)) return undefined;
  const coded = text.slice(semicolon + 1);
  const address = type === 'utf-8' ? decodeUtf8Address(coded) : decodeXtext(coded);
  return address === undefined || address.trim() === '' ? undefined : { type, address };
}

/** The parameter's value, always in ASCII, so that it needs no SMTPUTF8 from the next host. */
export function formatOriginalRecipient(recipient: OriginalRecipient): string {
  const { type, address } = recipient;
  return `${type};${type === 'utf-8' ? encodeUtf8Address(address) : encodeXtext(address)}`;
}

/** RFC 6533 §3: utf-8-addr-xtext and utf-8-addr-unitext. */
function decodeUtf8Address(text: string): string | undefined {
  const plain = text.replace(EMBEDDED, '');
  // QCHAR leaves out `+`, `=` and the backslash; QUCHAR adds what is outside ASCII.
  if (!/^[\u0021-\u002a\u002c-\u003c\u003e-\u005b\u005d-\u007e\u0080-\u{10ffff}]*$/u.test(plain)) {
    return undefined;
  }
  let sound = true;
  const address = text.replace(EMBEDDED, (_, hex: string) => {
    const point = Number.parseInt(hex, 16);
    sound &&= point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return sound ? String.fromCodePoint(point) : '';
  });
  return sound && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(address) ? address : undefined;
}

function encodeUtf8Address(address: string): string {
  return address.replace(
    /[^\u0021-\u002a\u002c-\u003c\u003e-\u005b\u005d-\u007e]/gu,
    (character) => {
      const point = character.codePointAt(0) ?? 0;
      return `\\x{${point.toString(16).toUpperCase().padStart(2, '0')}}`;
    },
  );
}
