/**
 * The few DER encodings that a certificate is made of: values in, octets out.
 *
 * Only what X.509 needs, only writing, definite lengths only (X.690 §10.1). A value
 * that cannot be encoded is a mistake of the caller and throws RangeError.
 */

/** An object identifier in dotted form, `2.5.29.17`. */
export type ObjectIdentifier = string;

const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

export function sequence(...items: readonly Buffer[]): Buffer {
  return element(TAGS.sequence, ...items);
}

export function set(...items: readonly Buffer[]): Buffer {
  return element(TAGS.set, ...items);
}

/** A context-specific tag; `constructed` where it wraps other elements. */
export function context(
  number: number,
  form: 'primitive' | 'constructed',
  ...items: readonly Buffer[]
): Buffer {
  return element((form === 'constructed' ? 0xa0 : 0x80) | number, ...items);
}

export function boolean(value: boolean): Buffer {
  return element(TAGS.boolean, Buffer.from([value ? 0xff : 0x00]));
}

/** An unsigned integer, big-endian. */
export function integer(octets: Uint8Array | number): Buffer {
  const bytes = typeof octets === 'number' ? Buffer.from([octets]) : Buffer.from(octets);
  const first = bytes.findIndex((octet) => octet !== 0);
  const minimal = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  const negativeLooking = (minimal[0] ?? 0) & 0x80;
  return element(
    TAGS.integer,
    negativeLooking ? Buffer.concat([Buffer.from([0]), minimal]) : minimal,
  );
}

export function bitString(octets: Uint8Array, unusedBits = 0): Buffer {
  return element(TAGS.bitString, Buffer.from([unusedBits]), Buffer.from(octets));
}

/** Named bits counted from the left, without trailing zero bits (X.690 §11.2.2). */
export function namedBits(...bits: readonly number[]): Buffer {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  if (octet === 0 || octet > 0xff) throw new RangeError(`no named bits: ${bits.join()}`);
  return bitString(Buffer.from([octet]), 31 - Math.clz32(octet & -octet));
}

export function octetString(...items: readonly Buffer[]): Buffer {
  return element(TAGS.octetString, ...items);
}

export function utf8String(text: string): Buffer {
  return element(TAGS.utf8String, Buffer.from(text));
}

export function objectIdentifier(dotted: ObjectIdentifier): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAGS.objectIdentifier, ...[first * 40 + second, ...rest].map(base128));
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
export function time(epochMs: number): Buffer {
  const text = new Date(epochMs)
    .toISOString()
    .replace(/[-:T]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return Number(text.slice(0, 4)) < 2050
    ? element(TAGS.utcTime, Buffer.from(text.slice(2)))
    : element(TAGS.generalizedTime, Buffer.from(text));
}

function element(tag: number, ...items: readonly Buffer[]): Buffer {
  const body = Buffer.concat(items);
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}

function length(octets: number): Buffer {
  if (octets < 0x80) return Buffer.from([octets]);
  const bytes: number[] = [];
  for (let rest = octets; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base128(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`no arc of an OID: ${value}`);
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift((rest % 128) | 0x80);
  }
  return Buffer.from(bytes);
}
