/**
 * International addresses in fields that hold ASCII only: `\x{FC}` stands for `ü`.
 *
 * RFC 6533 §3 (utf-8-addr-xtext and, on reading, utf-8-addr-unitext).
 */

/** The ASCII form. */
export function encodeUtf8Address(address: string): string {
  return address.replace(/[^\u0021-\u002a\u002c-\u003c\u003e-\u005b\u005d-\u007e]/gu, escape);
}

/** Text of any kind with everything outside printable ASCII escaped in the same way. */
export function escapeNonAscii(text: string): string {
  return text.replace(/[^\u0020-\u007e]/gu, escape);
}

/** Takes the escapes away; what is no escape stays. */
export function decodeUtf8Address(text: string): string {
  return text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
    const point = Number.parseInt(hex, 16);
    const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    return isCharacter ? String.fromCodePoint(point) : whole;
  });
}

function escape(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return `\\x{${point.toString(16).toUpperCase().padStart(2, '0')}}`;
}
