/**
 * Goes through a folder's messages while other programs deliver, mark and move them.
 *
 * `new` is read before `cur`, so that a message on its way from one to the other is seen.
 * A message that is renamed within `cur` may slip through a reading of the directory: where
 * `cur` changed meanwhile, it is read again. Each message comes once. What is held is a
 * number for each message, never its name, so that a Maildir may be of any size.
 */
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readEntry } from './entry.ts';
import type { MaildirEntry } from './entry.ts';
import { MaildirError, isMissing } from './maildir-error.ts';

/** Where messages are looked for. */
export interface FolderPlace {
  readonly folder: string;
  readonly directory: string;
}

const MAX_PASSES = 3;
/** How coarse the times of directories may be. */
const TIME_GRAIN_MS = 50;
const NAMES_AT_ONCE = 64;

/** @throws MaildirError the directory is no Maildir */
export async function* scanFolder(place: FolderPlace): AsyncGenerator<MaildirEntry, void> {
  const seen = new Set<number>();
  const fresh = (entry: MaildirEntry): boolean => {
    const before = seen.size;
    return seen.add(hash(entry.id)).size > before;
  };
  for await (const entry of readPlace(place, 'new')) if (fresh(entry)) yield entry;
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    const startedAt = Date.now();
    const before = await changedAt(place);
    for await (const entry of readPlace(place, 'cur')) if (fresh(entry)) yield entry;
    const after = await changedAt(place);
    if (before === after && after < startedAt - TIME_GRAIN_MS) return;
  }
}

async function* readPlace(
  { folder, directory }: FolderPlace,
  subdirectory: MaildirEntry['subdirectory'],
): AsyncGenerator<MaildirEntry, void> {
  try {
    const opened = await opendir(join(directory, subdirectory), { bufferSize: NAMES_AT_ONCE });
    for await (const { name } of opened) {
      const entry = readEntry(folder, subdirectory, name);
      if (entry !== undefined) yield entry;
    }
  } catch (error) {
    // A folder may have one of the two only until it is first used.
    if (!isMissing(error)) throw error;
  }
}

async function changedAt({ folder, directory }: FolderPlace): Promise<number> {
  try {
    return (await stat(join(directory, 'cur'))).mtimeMs;
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    const message = `${folder} is no Maildir: there is no directory ${join(directory, 'cur')}`;
    throw new MaildirError('no-such-maildir', message, { cause });
  }
}

/** 53 bits: that any two of a million messages have the same is a chance of one in eighteen thousand. */
function hash(text: string): number {
  let high = 0x811c9dc5;
  let low = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b) ^ (low >>> 13);
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}
