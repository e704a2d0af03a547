/**
 * The envelope of a spooled message, as it lies beside the content: JSON with a version.
 *
 * Any user may have written it, so everything is checked and bounded. Pure.
 */
import {
  formatMailbox,
  formatPath,
  parseEnvelopeId,
  parseMailbox,
  parseReversePath,
} from '@posthouse/mail';
import type {
  ForwardPath,
  MailParams,
  Notify,
  NotifyEvent,
  RcptParams,
  ReversePath,
  TransactionId,
} from '@posthouse/mail';

/** One message and to whom it still has to go. */
export interface SpooledMessage {
  readonly id: TransactionId;
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  /** At least one. */
  readonly recipients: readonly SpooledRecipient[];
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
  /** What the last attempt came to; absent before the first. */
  readonly trouble?: string;
}

export interface SpooledRecipient {
  readonly forwardPath: ForwardPath;
  readonly params: RcptParams;
}

const VERSION = 1;
/** Envelopes are read up to this: some ten thousand recipients. */
export const MAX_ENVELOPE_BYTES: number = 4 * 1024 * 1024;
const MAX_RECIPIENTS = 20_000;

export function encodeEnvelope(message: SpooledMessage): Buffer {
  const { id: _id, params, recipients, reversePath, ...facts } = message;
  const lines = recipients.map((one) => ({
    address: formatMailbox(one.forwardPath),
    ...one.params,
  }));
  const value = { version: VERSION, ...facts, reversePath: formatPath(reversePath), params };
  return Buffer.from(`${JSON.stringify({ ...value, recipients: lines }, undefined, 1)}\n`);
}

/** `undefined` for what is no envelope. */
export function decodeEnvelope(id: TransactionId, text: string): SpooledMessage | undefined {
  const { params, recipients, reversePath, takenAt, trouble, version } = readObject(text);
  if (version !== VERSION || typeof takenAt !== 'number' || typeof reversePath !== 'string') {
    return undefined;
  }
  const author = parseReversePath(reversePath);
  const people = Array.isArray(recipients) ? recipients.map(decodeRecipient) : [];
  const named = people.filter((one) => one !== undefined);
  const isWhole = named.length === people.length && named.length > 0;
  if (author === undefined || !isWhole || named.length > MAX_RECIPIENTS) return undefined;
  return {
    id,
    reversePath: author,
    params: decodeParams(params),
    recipients: named,
    takenAt,
    ...(typeof trouble === 'string' ? { trouble: trouble.slice(0, 1000) } : {}),
  };
}

function decodeParams(value: unknown): MailParams {
  const { body, envid, ret, smtpUtf8 } = fieldsOf(value);
  const id = typeof envid === 'string' ? parseEnvelopeId(envid) : undefined;
  return {
    ...(body === '7BIT' || body === '8BITMIME' ? { body } : {}),
    ...(ret === 'FULL' || ret === 'HDRS' ? { ret } : {}),
    ...(smtpUtf8 === true ? { smtpUtf8 } : {}),
    ...(id === undefined ? {} : { envid: id }),
  };
}

function decodeRecipient(value: unknown): SpooledRecipient | undefined {
  const { address, notify } = fieldsOf(value);
  const forwardPath = typeof address === 'string' ? parseMailbox(address) : undefined;
  const wish = decodeNotify(notify);
  return forwardPath && { forwardPath, params: wish === undefined ? {} : { notify: wish } };
}

const EVENTS: readonly NotifyEvent[] = ['success', 'failure', 'delay'];

function decodeNotify(value: unknown): Notify | undefined {
  if (value === 'never') return value;
  return Array.isArray(value) ? EVENTS.filter((event) => value.includes(event)) : undefined;
}

function readObject(text: string): { readonly [name: string]: unknown } {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
