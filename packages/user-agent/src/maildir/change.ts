/**
 * Marks and moves messages: one `rename` each, which happens whole or not at all.
 *
 * The old name stands for what was known of the flags: where another program changed them
 * meanwhile it is gone, and the change is made again to what they are now. So no mark of
 * anybody is lost.
 */
import { access, rename } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { changedFlags, nameWithFlags } from './entry.ts';
import type { MaildirEntry, MessageFlags } from './entry.ts';
import { withMessage } from './locate.ts';
import { MaildirError, isMissing } from './maildir-error.ts';
import type { FolderPlace } from './scan.ts';

/** A colon cannot be in a name on Windows. */
const SEPARATOR = platform() === 'win32' ? ';' : ':';

/** Sets and clears flags; a message with flags is no longer fresh. @throws MaildirError it is gone */
export async function markMessage(
  place: FolderPlace,
  id: string,
  change: Partial<MessageFlags>,
): Promise<MaildirEntry> {
  return withMessage(place, id, async (path, entry) => {
    const flags = changedFlags(entry.flags, change);
    const name = nameWithFlags(entry.name, flags, SEPARATOR);
    const target = join(place.directory, 'cur', name);
    if (target !== path) await rename(path, target);
    return { ...entry, subdirectory: 'cur', name, flags };
  });
}

/** Moves a message to another folder, flags and all. @throws MaildirError it is gone */
export async function moveMessage(
  from: FolderPlace,
  id: string,
  to: FolderPlace,
): Promise<MaildirEntry> {
  return withMessage(from, id, async (path, entry) => {
    const target = join(to.directory, entry.subdirectory, entry.name);
    if (target === path) return entry;
    if (await exists(target)) {
      throw new MaildirError('already-there', `${to.folder} has a message ${id} already`);
    }
    await rename(path, target);
    return { ...entry, folder: to.folder };
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
