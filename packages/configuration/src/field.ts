/**
 * The kinds of values in the schema, each read from what people write, with its words for
 * the JSON Schema and an example for whoever got it wrong.
 *
 * Every leaf of the schema has a description and an example; a test sees to it.
 */
import { formatMailbox, parseDomain, parseMailbox } from '@posthouse/mail';
import type { Domain } from '@posthouse/mail';
import { z } from 'zod';
import {
  parseDuration,
  parseHost,
  parseHostAndPort,
  parseListen,
  parseNetwork,
  parseSize,
} from './human.ts';
import type { ListenAddress } from './human.ts';
import type { Surroundings } from './surroundings.ts';

/** What a field is for, in a sentence, and values that could stand there. */
export interface Words {
  readonly description: string;
  readonly examples: readonly unknown[];
}

/** A field whose value is text that `parse` reads. `fault` is said of text that it cannot read. */
export function textField<T>(
  parse: (text: string) => T | undefined,
  fault: string,
  words: Words,
): z.ZodType<T> {
  return z
    .string()
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: fault, input: text });
      return z.NEVER;
    })
    .meta({ ...words });
}

/** Text that is not empty. */
export function text(description: string, example: string): z.ZodType<string> {
  return textField((value) => (value === '' ? undefined : value), 'is empty', {
    description,
    examples: [example],
  });
}

/** True or false. */
export function flag(description: string, example: boolean): z.ZodType<boolean> {
  return z.boolean().meta({ description, examples: [example] });
}

/** A whole number in a range. */
export function count(
  description: string,
  example: number,
  [min, max]: readonly [number, number] = [1, 1_000_000_000],
): z.ZodType<number> {
  return z
    .int()
    .min(min)
    .max(max)
    .meta({ description, examples: [example] });
}

/** One of some words. */
export function oneOf<const T extends string>(
  description: string,
  ...values: readonly T[]
): z.ZodType<T> {
  return z.enum(values).meta({ description, examples: [...values] });
}

/** A size in bytes, as a number or with a unit. */
export function size(description: string, example: string, minBytes = 0): z.ZodType<number> {
  const fault = 'is no size: a number with B, KB, MB, GB, KiB, MiB or GiB';
  return z
    .union([z.int().nonnegative(), z.string()])
    .transform((value, context) => {
      const bytes = typeof value === 'number' ? value : parseSize(value);
      if (bytes !== undefined && bytes >= minBytes) return bytes;
      const message = bytes === undefined ? fault : `is too small: at least ${minBytes} bytes`;
      context.issues.push({ code: 'custom', message, input: value });
      return z.NEVER;
    })
    .meta({ description, examples: [example] });
}

/** A duration in milliseconds. */
export function duration(description: string, example: string, minMs = 0): z.ZodType<number> {
  const fault = `is no duration of at least ${minMs} ms: numbers with ms, s, m, h, d or w`;
  const read = (value: string): number | undefined => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= minMs ? ms : undefined;
  };
  return textField(read, fault, { description, examples: [example] });
}

/** A domain, in A-labels. */
export function domain(description: string, example: string): z.ZodType<Domain> {
  return textField(parseDomain, 'is no domain', { description, examples: [example] });
}

/** A domain, or `*.domain` for all names below it. */
export function domainPattern(): z.ZodType<string> {
  return textField(parseDomainPattern, 'is no domain, and no *.domain', {
    description: 'A domain, or "*.domain" for all names below it.',
    examples: ['example.com', '*.example.com'],
  });
}

/** An address, in its wire form. */
export function address(description: string, example: string): z.ZodType<string> {
  return textField(parseAddress, 'is no address', { description, examples: [example] });
}

/** An address in one of our domains, in its wire form. */
export function ownAddress(
  description: string,
  example: string,
  around: Surroundings,
): z.ZodType<string> {
  const read = (value: string): string | undefined => {
    const mailbox = parseMailbox(value);
    const isOwn = mailbox !== undefined && around.isOwnDomain(mailbox.domain);
    return isOwn ? formatMailbox(mailbox) : undefined;
  };
  return textField(read, 'is no address in one of our domains', {
    description,
    examples: [example],
  });
}

/** The name or IP address of a host. */
export function host(description: string, example: string): z.ZodType<string> {
  const fault = 'is no host name or IP address';
  return textField(parseHost, fault, { description, examples: [example] });
}

/** `host:port`. */
export function hostAndPort(description: string, example: string): z.ZodType<string> {
  const parse = (value: string): string | undefined => parseHostAndPort(value) && value;
  return textField(parse, 'is no host:port', { description, examples: [example] });
}

/** A network, as `address/bits`. */
function network(description: string, example: string): z.ZodType<string> {
  const fault = 'is no network or IP address';
  return textField(parseNetwork, fault, { description, examples: [example] });
}

/** Networks, each as `address/bits`. */
export function networks(description: string): z.ZodArray<z.ZodType<string>> {
  return z
    .array(network('A network or address.', '10.0.0.0/8'))
    .meta({ description, examples: [['10.0.0.0/8', '2001:db8::/32']] });
}

/** Where to listen, or `off`. */
export function listen(
  description: string,
  example: string,
  around: Surroundings,
): z.ZodType<ListenAddress | 'off'> {
  const fault = 'is no host:port, unix:/path or "off"';
  return textField((value) => readListen(value, around), fault, {
    description,
    examples: [example],
  });
}

/** The path of a unix socket, absolute, or `off`. */
export function socket(
  description: string,
  example: string,
  around: Surroundings,
): z.ZodType<string> {
  const read = (value: string): string | undefined => {
    if (value === 'off') return value;
    const absolute = value === '' || value.includes('\0') ? '' : around.path(value);
    const isPossible = absolute !== '' && Buffer.byteLength(absolute) <= 100; // sun_path, less its end
    return isPossible ? absolute : undefined;
  };
  const fault = 'is no path of a socket: at most 100 octets, the directory included';
  return textField(read, fault, { description, examples: [example] });
}

/** A path, absolute. */
export function path(
  description: string,
  example: string,
  around: Surroundings,
): z.ZodType<string> {
  const read = (value: string): string | undefined =>
    value === '' || value.includes('\0') ? undefined : around.path(value);
  return textField(read, 'is no path', { description, examples: [example] });
}

/** An optional field with a default that is written as people write it. */
export function withDefault<T>(schema: z.ZodType<T>, written: unknown): z.ZodType<T> {
  return schema.prefault(written);
}

function parseAddress(value: string): string | undefined {
  const mailbox = parseMailbox(value);
  return mailbox === undefined ? undefined : formatMailbox(mailbox);
}

function readListen(value: string, around: Surroundings): ListenAddress | 'off' | undefined {
  if (value === 'off') return 'off';
  const place = parseListen(value);
  return place !== undefined && 'path' in place ? { path: around.path(place.path) } : place;
}

function parseDomainPattern(text: string): string | undefined {
  if (!text.startsWith('*.')) return parseDomain(text);
  const domain = parseDomain(text.slice(2));
  return domain === undefined ? undefined : `*.${domain}`;
}
