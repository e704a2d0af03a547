/**
 * The newest messages of a folder that fit, read a few at a time.
 *
 * Only header sections are read, and only the result is held. A message that was renamed
 * between its sighting and its reading is looked for again, together with all others of
 * that fate; one that stays away was removed, and is left out.
 */
import { concurrently } from '../maildir/concurrently.ts';
import type { MaildirEntry } from '../maildir/entry.ts';
import { MAX_LOOKS, findEntries, pathOf } from '../maildir/locate.ts';
import { isMissing, isUnreadable } from '../maildir/maildir-error.ts';
import { createNewest } from '../maildir/newest.ts';
import { scanFolder } from '../maildir/scan.ts';
import type { FolderPlace } from '../maildir/scan.ts';
import { matchesHeader, mayMatch } from './criteria.ts';
import type { Criteria } from './criteria.ts';
import { createHeaderReader } from './header-reader.ts';
import { loadFieldReader, summarize } from './message-summary.ts';
import type { MessageSummary } from './message-summary.ts';

/** A part of what was found. */
export interface MessagePage {
  /** Newest first. */
  readonly messages: readonly MessageSummary[];
  /** How many fit in all, those before and after this part included. */
  readonly total: number;
  /** How many could not be opened: files of somebody else, or no files at all. */
  readonly unreadable: number;
}

/** Which part of it is wanted. */
export interface PageOptions {
  /** How many messages. @default 50 */
  readonly limit?: number | undefined;
  /** How many newer ones are left out. @default 0 */
  readonly offset?: number | undefined;
}

/** Whether the body of a message fits too. */
export type BodyCheck = (path: string, entry: MaildirEntry) => Promise<boolean>;

const DEFAULT_LIMIT = 50;
const HEADERS_AT_ONCE = 8;
const BODIES_AT_ONCE = 1;

/** The newest messages, whatever they are: files beyond the page are not opened. */
export async function listMessages(place: FolderPlace, page: PageOptions): Promise<MessagePage> {
  const { limit, offset } = pageOf(page);
  const newest = createNewest<MaildirEntry>(offset + limit);
  let total = 0;
  for await (const entry of scanFolder(place)) {
    newest.add(entry);
    total++;
  }
  const messages = createNewest<MessageSummary>(limit);
  const wanted = newest.take().slice(offset);
  const unreadable = await readAll(place, wanted, HEADERS_AT_ONCE, (message) => {
    messages.add(message);
  });
  return { messages: messages.take(), total, unreadable };
}

/** The newest of the messages that fit. */
export async function searchMessages(
  place: FolderPlace,
  criteria: Criteria,
  page: PageOptions,
  body: BodyCheck,
): Promise<MessagePage> {
  const { limit, offset } = pageOf(page);
  const found = createNewest<MessageSummary>(offset + limit);
  let total = 0;
  const width = criteria.body === undefined ? HEADERS_AT_ONCE : BODIES_AT_ONCE;
  const entries = candidates(place, criteria);
  const unreadable = await readAll(place, entries, width, async (message, entry) => {
    if (!matchesHeader(criteria, message)) return;
    if (criteria.body !== undefined && !(await body(pathOf(place, entry), entry))) return;
    found.add(message);
    total++;
  });
  return { messages: found.take().slice(offset), total, unreadable };
}

function pageOf({ limit, offset }: PageOptions): { limit: number; offset: number } {
  const natural = (value: number): number => Math.max(0, Math.floor(value));
  return { limit: natural(limit ?? DEFAULT_LIMIT), offset: natural(offset ?? 0) };
}

async function* candidates(
  place: FolderPlace,
  criteria: Criteria,
): AsyncGenerator<MaildirEntry, void> {
  for await (const entry of scanFolder(place)) if (mayMatch(criteria, entry)) yield entry;
}

/**
 * Reads the summaries of entries; renamed ones are looked for.
 * @returns how many are there and cannot be read
 */
async function readAll(
  place: FolderPlace,
  entries: AsyncIterable<MaildirEntry> | Iterable<MaildirEntry>,
  width: number,
  take: (message: MessageSummary, entry: MaildirEntry) => void | Promise<void>,
): Promise<number> {
  const fields = await loadFieldReader();
  const headers = createHeaderReader();
  const missed = new Set<string>();
  let unreadable = 0;
  const read = async (entry: MaildirEntry): Promise<void> => {
    try {
      const { section, fileBytes } = await headers.read(pathOf(place, entry), entry.sizeBytes);
      await take(summarize(entry, section, fileBytes, fields), entry);
    } catch (error) {
      if (isMissing(error)) missed.add(entry.id);
      else if (isUnreadable(error)) unreadable++;
      else throw error;
    }
  };
  let next = entries;
  for (let look = 0; look < MAX_LOOKS; look++) {
    await concurrently(next, width, read);
    if (missed.size === 0) break;
    next = await findEntries(place, missed);
    missed.clear();
  }
  return unreadable;
}
