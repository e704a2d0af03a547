/**
 * A message as a person reads it: its fields, its text, what is attached.
 *
 * The file is read as a stream and only text is held, up to a limit. HTML is turned into
 * text, and only where the same is not there as plain text. A delivery notification says
 * what its fields say. What cannot be parsed is named in `damage`; the rest is shown.
 */
import { open } from 'node:fs/promises';
import type { ReadReport } from '@posthouse/dsn';
import type { MaildirEntry } from '../maildir/entry.ts';
import { isMissing, isUnreadable } from '../maildir/maildir-error.ts';
import { AttachmentNames, isText } from './attachment.ts';
import type { ReadAttachment } from './attachment.ts';
import { createHeaderReader } from './header-reader.ts';
import { loadFieldReader, summarize } from './message-summary.ts';
import type { MessageSummary, ShownAddress } from './message-summary.ts';
import { notificationText } from './notification-text.ts';
import { readPartText } from './part-text.ts';
import { readSimpleText, simpleTextBytes } from './simple-text.ts';
import { TEXT_ONLY_BYTES, textOnly } from './text-only.ts';
import { walkParts } from './walk-parts.ts';
import type { MessagePart, VisitPart, WalkOptions } from './walk-parts.ts';

/** A message that was read. Plain data. */
export interface ShownMessage extends MessageSummary {
  readonly replyTo: readonly ShownAddress[];
  /** With LF line ends, and nothing that a terminal would obey. */
  readonly text: string;
  /** The text goes on. */
  readonly cut: boolean;
  readonly attachments: readonly ReadAttachment[];
  /** Where the message is a delivery notification: what it says, field by field. */
  readonly notification: ReadReport | undefined;
  /** Why it could not be read to its end, where it could not. */
  readonly damage: string | undefined;
}

/** A notification's own parts stand at its beginning; what it returns may be long. */
const MAX_NOTIFICATION_BYTES = 1_048_576;

/** Reads the message in a file. @throws what the file system throws */
export async function showMessage(
  path: string,
  entry: MaildirEntry,
  maxTextBytes: number,
): Promise<ShownMessage> {
  const fields = await loadFieldReader();
  const { section, fileBytes } = await createHeaderReader().read(path);
  const summary = summarize(entry, section, fileBytes, fields);
  const notification = summary.report ? await readNotification(path) : undefined;
  const names = new AttachmentNames();
  const attachments: ReadAttachment[] = [];
  const body = new BodyText(maxTextBytes);
  const damage = await walkTolerantly(path, async (part) => {
    if (isText(part)) return body.take(part);
    const facts = names.factsOf(part);
    let sizeBytes = 0;
    for await (const chunk of part.content as AsyncIterable<Buffer>) sizeBytes += chunk.length;
    attachments.push({ ...facts, sizeBytes });
  });
  return {
    ...summary,
    replyTo: fields.addresses(section, 'Reply-To'),
    text: notification === undefined ? body.text : notificationText(notification),
    cut: body.cut,
    attachments,
    notification,
    damage,
  };
}

/** Reads the text of messages, for a search. */
export interface TextReader {
  /** The text of the message in a file. @throws what the file system throws */
  read(path: string): Promise<string>;
}

/** Makes a reader; it may read several files at a time, and uses its memory again. */
export function createTextReader(maxTextBytes: number): TextReader {
  const spare: Buffer[] = [];
  const memoryBytes = Math.max(simpleTextBytes(maxTextBytes), TEXT_ONLY_BYTES);
  return {
    async read(path) {
      const memory = spare.pop() ?? Buffer.allocUnsafe(memoryBytes);
      try {
        return await readMessageText(path, maxTextBytes, memory);
      } finally {
        spare.push(memory);
      }
    },
  };
}

async function readMessageText(
  path: string,
  maxTextBytes: number,
  memory: Buffer,
): Promise<string> {
  const simple = await readSimpleText(path, maxTextBytes, memory);
  if (simple !== undefined) return simple;
  const body = new BodyText(maxTextBytes);
  const visit: VisitPart = async (part) => (isText(part) ? body.take(part) : undefined);
  const octets = textOnly(path, memory);
  try {
    await walkTolerantly(path, visit, { octets });
  } finally {
    await octets.return(undefined); // who stops early may leave it reading into the memory
  }
  return body.text;
}

/** @returns what the parser could not go on from */
async function walkTolerantly(
  path: string,
  visit: VisitPart,
  options?: WalkOptions,
): Promise<string | undefined> {
  try {
    await walkParts(path, visit, options);
    return undefined;
  } catch (error) {
    if (isMissing(error) || isUnreadable(error)) throw error;
    return error instanceof Error ? error.message : 'it cannot be parsed';
  }
}

/** Gathers text parts; HTML only where the author gave no plain text of the same. */
class BodyText {
  #left: number;
  #plainAlternative = false;
  readonly #texts: string[] = [];
  cut = false;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  get text(): string {
    return this.#texts.join('\n');
  }

  async take(part: MessagePart): Promise<void | 'enough'> {
    const html = part.contentType === 'text/html';
    if (html && part.alternative && this.#plainAlternative) return;
    if (this.#left <= 0) {
      this.cut = true;
      return;
    }
    const { text, cut } = await readPartText(part, this.#left);
    this.cut ||= cut;
    if (text.trim() === '') return;
    if (part.alternative && !html) this.#plainAlternative = true;
    this.#left -= Buffer.byteLength(text);
    this.#texts.push(text.endsWith('\n') ? text : `${text}\n`);
    return part.single ? 'enough' : undefined;
  }
}

async function readNotification(path: string): Promise<ReadReport | undefined> {
  const { readDsn } = await import('@posthouse/dsn');
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_NOTIFICATION_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    const text = buffer.toString('latin1', 0, bytesRead).replace(/\r?\n/g, '\r\n');
    return await readDsn(Buffer.from(text, 'latin1'));
  } finally {
    await file.close();
  }
}
