/**
 * Finds a message's file by its id, and again when another program has renamed it.
 *
 * A name is a guess that may be stale by the time it is used: `ENOENT` means that the
 * message was marked, moved or removed meanwhile. So the folder is looked through again,
 * several times, before a message is said to be gone.
 */
import { join } from 'node:path';
import type { MaildirEntry } from './entry.ts';
import { MaildirError, isMissing } from './maildir-error.ts';
import { scanFolder } from './scan.ts';
import type { FolderPlace } from './scan.ts';

/** How often the folder is looked through for one message. */
export const MAX_LOOKS = 6;

/** The file of an entry. */
export function pathOf(place: FolderPlace, entry: MaildirEntry): string {
  return join(place.directory, entry.subdirectory, entry.name);
}

/** Uses the file of a message. @throws MaildirError it is not in this folder; what `use` throws */
export async function withMessage<T>(
  place: FolderPlace,
  id: string,
  use: (path: string, entry: MaildirEntry) => Promise<T>,
): Promise<T> {
  for (let look = 0; look < MAX_LOOKS; look++) {
    const entry = (await findEntries(place, new Set([id])))[0];
    if (entry === undefined) break;
    const path = pathOf(place, entry);
    try {
      return await use(path, entry);
    } catch (error) {
      if (!isMissing(error, path)) throw error;
    }
  }
  throw new MaildirError('no-such-message', `there is no message ${id} in ${place.folder}`);
}

/** Where messages lie now; those that are gone are left out. */
export async function findEntries(
  place: FolderPlace,
  ids: ReadonlySet<string>,
): Promise<readonly MaildirEntry[]> {
  const found: MaildirEntry[] = [];
  for await (const entry of scanFolder(place)) {
    if (ids.has(entry.id)) found.push(entry);
    if (found.length === ids.size) break;
  }
  return found;
}
