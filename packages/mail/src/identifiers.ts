/**
 * Identifiers that must never be mixed up: three of them are called "message id"
 * in daily speech.
 *
 * Each is a branded string, so that passing one for another does not compile.
 * Making them is here; what they look like is nobody else's business.
 */
import { randomBytes } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One mail transaction; the queue id where there is a queue. Shown in Received and in the 250. */
export type TransactionId = Branded<'TransactionId'>;

/** The Message-ID field's value with its angle brackets (RFC 5322 §3.6.4). */
export type MessageId = Branded<'MessageId'>;

/** The author's ENVID, decoded from xtext (RFC 3461 §4.4). */
export type EnvelopeId = Branded<'EnvelopeId'>;

/** Follows one message through all agents in logs. */
export type TraceId = Branded<'TraceId'>;

/** One message's journey out of one queue, the same on every attempt; with the recipient's address it names one copy. */
export type DeliveryId = Branded<'DeliveryId'>;

const ALPHABET = '0123456789BCDFGHJKLMNPQRSTVWXYZ';

/**
 * A new transaction id: milliseconds, then 50 random bits, in characters that are
 * safe in file names, header fields and speech. Sorts by time.
 */
export function newTransactionId(now: number): TransactionId {
  return `${encode(Math.floor(now), 9)}${randomCharacters(10)}` as TransactionId; // made here
}

export function newTraceId(): TraceId {
  return randomCharacters(16) as TraceId; // made here
}

/** Reads a transaction id from text, for operator commands and peers; `undefined` if it cannot be one. */
export function parseTransactionId(text: string): TransactionId | undefined {
  return /^[0-9B-DF-HJ-NP-TV-Z]{19}$/.test(text) ? (text as TransactionId) : undefined; // parsed boundary
}

export function parseTraceId(text: string): TraceId | undefined {
  return /^[0-9A-Za-z-]{1,64}$/.test(text) ? (text as TraceId) : undefined; // parsed boundary
}

export function parseDeliveryId(text: string): DeliveryId | undefined {
  return /^[0-9A-Za-z.-]{1,64}$/.test(text) ? (text as DeliveryId) : undefined; // parsed boundary
}

/** Reads a Message-ID: printable ASCII or UTF-8 between angle brackets, without spaces. */
export function parseMessageId(text: string): MessageId | undefined {
  return /^<[^\s<>\u0000-\u001f\u007f]{1,990}>$/u.test(text) ? (text as MessageId) : undefined; // parsed boundary
}

/** Takes a decoded ENVID: printable ASCII, at most 100 characters (RFC 3461 §4.4). */
export function parseEnvelopeId(text: string): EnvelopeId | undefined {
  return /^[\u0020-\u007e]{1,100}$/.test(text) ? (text as EnvelopeId) : undefined; // parsed boundary
}

function encode(value: number, width: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < width; i++) {
    text = ALPHABET.charAt(rest % ALPHABET.length) + text;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return text;
}

/** Drawn many at a time: each draw costs as much as a thousand octets of it. */
let drawn: Buffer = Buffer.alloc(0);
let used = 0;

function randomCharacters(count: number): string {
  if (used + count > drawn.length) {
    drawn = randomBytes(4096);
    used = 0;
  }
  let text = '';
  for (const end = used + count; used < end; used++) {
    text += ALPHABET.charAt((drawn[used] ?? 0) % ALPHABET.length);
  }
  return text;
}
