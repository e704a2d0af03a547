/**
 * A queued message as one line of JSON, for export and import; its content stands in
 * a file of its own, prefix first, as any mail program can read it.
 *
 * Version 1. Paths are in their wire form. Leases, lanes and sites are left out: they
 * are this queue's affair and found anew in another. Reading throws TypeError that
 * names the field which is not what it must be.
 */
import {
  formatPath,
  parseForwardPath,
  parseMessageId,
  parseReversePath,
  parseTransactionId,
} from '@posthouse/mail';
import type { MessageRecord, Priority, RecipientRecord, StoredMessage } from './record.ts';
import { PRIORITY_RANKS } from './rules/priority-ranks.ts';

/** What a line tells of a recipient. */
export type ExportedRecipient = Omit<RecipientRecord, 'message' | 'lane' | 'site' | 'lease'>;

/** What a line tells. */
export interface ExportedMessage {
  readonly message: Omit<StoredMessage, 'content' | 'prefix'>;
  /** How many octets of the file are the prefix. */
  readonly prefixBytes: number;
  readonly recipients: readonly ExportedRecipient[];
}

/** The line, without its end. */
export function formatExported({ message, prefixBytes, recipients }: ExportedMessage): string {
  return JSON.stringify({
    version: 1,
    ...message,
    reversePath: formatPath(message.reversePath),
    prefixBytes,
    recipients: recipients.map((recipient) => ({
      ...recipient,
      forwardPath: formatPath(recipient.forwardPath),
    })),
  });
}

/** What of a recipient is exported. */
export function exportedRecipient(recipient: RecipientRecord): ExportedRecipient {
  const { message: _message, lane: _lane, site: _site, lease: _lease, ...exported } = recipient;
  return exported;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads a line. @throws TypeError */
export function parseExported(line: string): ExportedMessage {
  const fields = objectOf(parseJson(line), 'the line');
  if (fields['version'] !== 1) throw new TypeError('version is not 1');
  const messageId = fields['messageId'];
  return {
    message: {
      id: required(parseTransactionId(textOf(fields, 'id')), 'id'),
      reversePath: required(parseReversePath(textOf(fields, 'reversePath')), 'reversePath'),
      // Boundary: written by `formatExported`; what is in them is plain data that only tells.
      params: objectOf(fields['params'], 'params') as MessageRecord['params'],
      origin: originOf(fields),
      sizeBytes: countOf(fields, 'sizeBytes'),
      digest: digestOf(fields),
      ...(messageId === undefined
        ? {}
        : { messageId: required(parseMessageId(textOf(fields, 'messageId')), 'messageId') }),
      ...(fields['tlsOptional'] === true ? { tlsOptional: true as const } : {}),
      priority: priorityOf(textOf(fields, 'priority')),
      acceptedAt: countOf(fields, 'acceptedAt'),
    },
    prefixBytes: countOf(fields, 'prefixBytes'),
    recipients: recipientsOf(fields['recipients']),
  };
}

function recipientsOf(value: unknown): readonly ExportedRecipient[] {
  if (!Array.isArray(value) || value.length === 0) throw new TypeError('recipients is no list');
  return value.map((each: unknown, place) => {
    const fields = objectOf(each, `recipients[${place}]`);
    const { lastReason, lastReply } = fields;
    return {
      index: countOf(fields, 'index'),
      forwardPath: required(parseForwardPath(textOf(fields, 'forwardPath')), 'forwardPath'),
      // Boundary, as above.
      params: objectOf(fields['params'], 'params') as RecipientRecord['params'],
      state: fields['state'] === 'held' ? 'held' : 'queued',
      attempts: countOf(fields, 'attempts'),
      dueAt: countOf(fields, 'dueAt'),
      delayTold: fields['delayTold'] === true,
      ...(lastReason === undefined ? {} : { lastReason: textOf(fields, 'lastReason') }),
      ...(lastReply === undefined ? {} : { lastReply: replyOf(lastReply) }),
    };
  });
}

function originOf(message: Fields): MessageRecord['origin'] {
  const fields = objectOf(message['origin'], 'origin');
  textOf(objectOf(fields['peer'], 'origin.peer'), 'address');
  for (const name of ['protocol', 'greeting', 'traceId']) textOf(fields, name);
  countOf(fields, 'arrivedAt');
  return fields as unknown as MessageRecord['origin']; // boundary: what is used of it was checked
}

function replyOf(value: unknown): NonNullable<RecipientRecord['lastReply']> {
  const fields = objectOf(value, 'lastReply');
  countOf(fields, 'code');
  const lines = fields['lines'];
  if (!Array.isArray(lines) || !lines.every((line) => typeof line === 'string')) {
    throw new TypeError('lastReply.lines is no list of texts');
  }
  return fields as unknown as NonNullable<RecipientRecord['lastReply']>; // boundary: checked
}

function digestOf(fields: Fields): string {
  const digest = textOf(fields, 'digest');
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new TypeError('digest is no SHA-256 in hex');
  return digest;
}

function priorityOf(text: string): Priority {
  if (!Object.hasOwn(PRIORITY_RANKS, text)) throw new TypeError(`priority: ${text}`);
  return text as Priority; // boundary: it is one of the keys
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    throw new TypeError('the line is no JSON', { cause });
  }
}

function objectOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} is no object`);
  }
  return value as Fields; // boundary: it is one
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new TypeError(`${name} is no text`);
  return value;
}

function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new TypeError(`${name} is no number from 0 on`);
  }
  return value;
}

function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new TypeError(`${name} cannot be read`);
  return value;
}
