/**
 * What is in a folder: every message with what its name tells, files not opened.
 *
 * Messages in `new` come before those in `cur`, in no order within. Another program may
 * move a message while it is listed: one that moves from `new` to `cur` is seen at least
 * once, one that only changes its flags may be missed. Temporary files and what has a
 * dot in front is no message.
 */
import { join } from 'node:path';
import type { Disk } from '@posthouse/durable-fs';
import { entriesOf, listFolders } from './folders.ts';
import { parseMessageName } from './message-name.ts';
import type { MessageName } from './message-name.ts';

/** A message where it was seen. */
export interface ListedMessage {
  readonly path: string;
  readonly name: MessageName;
  /** No reader has seen it yet: it lies in `new`. */
  readonly recent: boolean;
}

/** The messages of a folder. @throws DurableFsError; a folder that is not there is empty */
export async function listMessages(disk: Disk, folder: string): Promise<readonly ListedMessage[]> {
  const messages: ListedMessage[] = [];
  for (const place of ['new', 'cur'] as const) {
    for (const { name, kind } of await entriesOf(disk, join(folder, place))) {
      if (kind === 'directory' || name.startsWith('.')) continue;
      const path = join(folder, place, name);
      messages.push({ path, name: parseMessageName(name), recent: place === 'new' });
    }
  }
  return messages;
}

/** Where the copy of a delivery is, in whatever folder of a Maildir. @throws DurableFsError */
export async function findByKey(
  disk: Disk,
  maildir: string,
  key: string,
): Promise<string | undefined> {
  for (const folder of await listFolders(disk, maildir)) {
    const found = (await listMessages(disk, folder)).find(({ name }) => name.key === key);
    if (found !== undefined) return found.path;
  }
  return undefined;
}
