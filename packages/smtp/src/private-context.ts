/**
 * The private MAIL parameter between our own agents: `XPOSTHOUSE=<base64url of JSON>`.
 *
 * It carries the facts of the session in which the message entered the system, so that
 * the next agent knows the author's address, login and TLS as if it had met the author
 * itself. A listener offers and believes it only where its owner says that the peer is
 * one of ours (architecture §7).
 *
 * Decoding is strict: unknown or missing fields, wrong types, control characters and
 * text over 2 KB give `undefined`, never a partly filled context. It never throws.
 */
import { isIP } from 'node:net';
import { parseDeliveryId, parseTraceId } from '@posthouse/mail';
import type { DeliveryAttempt, Identity, Peer, TlsFacts, TransferContext } from '@posthouse/mail';

/** The EHLO keyword and the MAIL parameter. */
export const PRIVATE_CONTEXT_KEYWORD = 'XPOSTHOUSE';

const MAX_ENCODED_CHARACTERS = 2048;
const MAX_TEXT_OCTETS = 255;

/** The parameter's value. @throws RangeError where it would be over 2 KB */
export function encodePrivateContext(context: TransferContext): string {
  const { protocol, peer, greeting, tls, identity, arrivedAt, traceId, delivery } = context;
  const json = JSON.stringify({
    protocol,
    peer: { address: peer.address, port: peer.port, name: peer.name },
    greeting,
    tls: tls && { version: tls.version, cipher: tls.cipher, verified: tls.verified },
    identity: identity && { account: identity.account, mechanism: identity.mechanism },
    arrivedAt,
    traceId,
    delivery: delivery && { id: delivery.id, repeat: delivery.repeat },
  });
  const text = Buffer.from(json, 'utf8').toString('base64url');
  if (text.length > MAX_ENCODED_CHARACTERS) {
    throw new RangeError(`a private context of ${text.length} characters is over the limit`);
  }
  return text;
}

/** Reads a value; `undefined` for anything that `encodePrivateContext` would not have made. */
export function decodePrivateContext(text: string): TransferContext | undefined {
  if (text.length > MAX_ENCODED_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  const fields = fieldsOf(parseJson(Buffer.from(text, 'base64url').toString('utf8')), CONTEXT);
  if (fields === undefined) return undefined;
  const protocol = PROTOCOLS.find((name) => name === fields['protocol']);
  const peer = readPeer(fields['peer']);
  const greeting = readText(fields['greeting'], 0);
  const arrivedAt = fields['arrivedAt'];
  const traceId =
    typeof fields['traceId'] === 'string' ? parseTraceId(fields['traceId']) : undefined;
  const tls = optional(fields['tls'], readTls);
  const identity = optional(fields['identity'], readIdentity);
  const delivery = optional(fields['delivery'], readDelivery);
  if (protocol === undefined || peer === undefined || greeting === undefined) return undefined;
  if (!isTime(arrivedAt) || traceId === undefined) return undefined;
  if (tls === 'wrong' || identity === 'wrong' || delivery === 'wrong') return undefined;
  return {
    protocol,
    peer,
    greeting,
    ...(tls === undefined ? {} : { tls }),
    ...(identity === undefined ? {} : { identity }),
    arrivedAt,
    traceId,
    ...(delivery === undefined ? {} : { delivery }),
  };
}

const PROTOCOLS = ['smtp', 'esmtp', 'lmtp', 'local'] as const;
const CONTEXT = new Set([
  'protocol',
  'peer',
  'greeting',
  'tls',
  'identity',
  'arrivedAt',
  'traceId',
  'delivery',
]);
const PEER = new Set(['address', 'port', 'name']);
const TLS = new Set(['version', 'cipher', 'verified']);
const IDENTITY = new Set(['account', 'mechanism']);
const DELIVERY = new Set(['id', 'repeat']);

type Fields = Readonly<Record<string, unknown>>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value as an object that has no other fields than these. */
function fieldsOf(value: unknown, known: ReadonlySet<string>): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields: Fields = Object.fromEntries(Object.entries(value));
  return Object.keys(fields).every((name) => known.has(name)) ? fields : undefined;
}

function optional<T>(
  value: unknown,
  read: (value: unknown) => T | undefined,
): T | undefined | 'wrong' {
  return value === undefined ? undefined : (read(value) ?? 'wrong');
}

function readPeer(value: unknown): Peer | undefined {
  const fields = fieldsOf(value, PEER);
  const address = fields?.['address'];
  if (typeof address !== 'string' || (address !== 'local' && isIP(address) === 0)) return undefined;
  const port = optional(fields?.['port'], readPort);
  const name = optional(fields?.['name'], (text) => readText(text, 1));
  if (port === 'wrong' || name === 'wrong') return undefined;
  return {
    address,
    ...(port === undefined ? {} : { port }),
    ...(name === undefined ? {} : { name }),
  };
}

function readPort(value: unknown): number | undefined {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 65_536;
  return fits ? value : undefined;
}

function readTls(value: unknown): TlsFacts | undefined {
  const fields = fieldsOf(value, TLS);
  const version = readText(fields?.['version'], 1);
  const cipher = readText(fields?.['cipher'], 1);
  const verified = fields?.['verified'];
  if (version === undefined || cipher === undefined || typeof verified !== 'boolean') {
    return undefined;
  }
  return { version, cipher, verified };
}

function readIdentity(value: unknown): Identity | undefined {
  const fields = fieldsOf(value, IDENTITY);
  const account = readText(fields?.['account'], 1);
  const mechanism = readText(fields?.['mechanism'], 1);
  return account === undefined || mechanism === undefined ? undefined : { account, mechanism };
}

function readDelivery(value: unknown): DeliveryAttempt | undefined {
  const fields = fieldsOf(value, DELIVERY);
  const id = typeof fields?.['id'] === 'string' ? parseDeliveryId(fields['id']) : undefined;
  const repeat = fields?.['repeat'];
  return id === undefined || typeof repeat !== 'boolean' ? undefined : { id, repeat };
}

/** Text that can stand in a log line and a header field. */
function readText(value: unknown, least: number): string | undefined {
  if (typeof value !== 'string' || value.length < least) return undefined;
  if (Buffer.byteLength(value) > MAX_TEXT_OCTETS || !value.isWellFormed()) return undefined;
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value) ? undefined : value;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
