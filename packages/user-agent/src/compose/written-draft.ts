/**
 * A draft that was read and found to be sound: addresses parsed, fields ready.
 *
 * Every mistake is gathered first, so that an author mends them in one go.
 *
 * RFC 5322 §3.6.2 (From and Sender), §3.6.3; RFC 5321 §4.1.1.2 (the reverse-path).
 */
import { randomUUID } from 'node:crypto';
import { NULL_PATH, parseReversePath, systemClock } from '@posthouse/mail';
import type { ReversePath } from '@posthouse/mail';
import { readAddresses } from './addresses.ts';
import type { NamedMailbox } from './addresses.ts';
import { checkAttachments } from './attachments.ts';
import type { Draft, DraftAttachment } from './draft.ts';
import { DraftError } from './draft-error.ts';
import type { DraftProblem } from './draft-error.ts';
import { readFields } from './header-fields.ts';
import type { PlainFields } from './header-fields.ts';

/** What a message is built of. */
export interface WrittenDraft {
  readonly from: NamedMailbox;
  readonly sender: NamedMailbox | undefined;
  readonly replyTo: readonly NamedMailbox[];
  readonly to: readonly NamedMailbox[];
  readonly cc: readonly NamedMailbox[];
  readonly bcc: readonly NamedMailbox[];
  readonly reversePath: ReversePath;
  readonly fields: PlainFields;
  readonly date: Date;
  /** Not to be guessed, and the same for each building. */
  readonly boundary: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly attachments: readonly DraftAttachment[];
}

/** Reads a draft. @throws DraftError with every mistake in it */
export async function readDraft(draft: Draft): Promise<WrittenDraft> {
  const problems: DraftProblem[] = [];
  const read = (place: 'replyTo' | 'to' | 'cc' | 'bcc'): Promise<readonly NamedMailbox[]> =>
    readAddresses(place, draft[place], problems);
  const author = await readOne('from', draft, problems);
  const sender = await readOne('sender', draft, problems);
  const replyTo = await read('replyTo');
  const to = await read('to');
  const cc = await read('cc');
  const bcc = await read('bcc');
  if (author === undefined && problems.length === 0) {
    problems.push({ place: 'from', text: 'an address is missing' });
  }
  if (to.length + cc.length + bcc.length === 0 && problems.length === 0) {
    problems.push({ place: 'to', text: 'nobody is named to send it to' });
  }
  const reversePath = readReversePath(draft.reversePath, sender ?? author, problems);
  const fields = readFields(draft, author?.mailbox, problems);
  const attachments = draft.attachments ?? [];
  checkAttachments(attachments, problems);
  const date = new Date(draft.date ?? systemClock.now());
  if (Number.isNaN(date.getTime())) problems.push({ place: 'date', text: 'it is not a time' });
  if (author === undefined || problems.length > 0) throw new DraftError(problems);
  const boundary = randomUUID().replaceAll('-', '');
  const addresses = { from: author, sender, replyTo, to, cc, bcc, reversePath };
  const { text, html } = draft;
  return { ...addresses, fields, date, boundary, text: crlf(text), html: crlf(html), attachments };
}

async function readOne(
  place: 'from' | 'sender',
  draft: Draft,
  problems: DraftProblem[],
): Promise<NamedMailbox | undefined> {
  const found = await readAddresses(place, draft[place], problems);
  if (found.length > 1) problems.push({ place, text: 'it takes one address only' });
  return found[0];
}

function readReversePath(
  text: string | undefined,
  author: NamedMailbox | undefined,
  problems: DraftProblem[],
): ReversePath {
  if (text === undefined) return author?.mailbox ?? NULL_PATH;
  const path = parseReversePath(text.startsWith('<') ? text : `<${text}>`);
  if (path !== undefined) return path;
  const quoted = JSON.stringify(text);
  problems.push({ place: 'reversePath', text: `${quoted} is not an address` });
  return NULL_PATH;
}

function crlf(text: string | undefined): string | undefined {
  return text?.toWellFormed().replace(/\r\n|\r|\n/g, '\r\n');
}
