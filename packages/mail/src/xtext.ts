/**
 * xtext: how ENVID, ORCPT and AUTH carry characters that a command line cannot.
 *
 * Decoding answers `undefined` for text that is no xtext, and for control
 * characters and 8-bit octets hidden in it: what is decoded ends up in the header
 * fields of notifications. Encoding takes printable ASCII; else UTF-8 octet by octet. UTF-8 addresses use the forms of RFC 6533 §3 instead.
 *
 * RFC 3461 §4.
 */

/** Encodes: `+`, `=` and everything outside `!`..`~` becomes `+XX`. */
export function encodeXtext(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[^\u0021-\u002a\u002c-\u003c\u003e-\u007e]/g, (octet) => {
      return `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
    });
}

/** Decodes; `undefined` where an octet is not allowed or an escape is broken. */
export function decodeXtext(text: string): string | undefined {
  if (!/^(?:[\u0021-\u002a\u002c-\u003c\u003e-\u007e]|\+(?:[2-6][0-9A-F]|7[0-9A-E]))*$/.test(text))
    return undefined;
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
