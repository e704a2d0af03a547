/**
 * Looking for traces of a copy in a Maildir, all its folders included.
 *
 * `tmp` is read before `new`, and that before `cur`: a message that moves on meanwhile is
 * met at least once. Only one whose flags change in the very moment may be missed.
 */
import { join } from 'node:path';
import type { Disk } from '@posthouse/durable-fs';
import { entriesOf, listFolders } from '../maildir/folders.ts';
import { listMessages } from '../maildir/list.ts';
import { parseMessageName } from '../maildir/message-name.ts';
import type { DeliveryKey } from './delivery-key.ts';

/** What was found. */
export interface Traces {
  /** Attempts whose files lie in `tmp`. */
  readonly unfinished: ReadonlySet<string>;
  /** Where the message is. */
  readonly path?: string;
}

/** @throws DurableFsError */
export async function findTraces(disk: Disk, maildir: string, key: DeliveryKey): Promise<Traces> {
  const folders = await listFolders(disk, maildir);
  const unfinished = new Set<string>();
  for (const folder of folders) {
    for (const { name } of await entriesOf(disk, join(folder, 'tmp'))) {
      const parsed = parseMessageName(name);
      if (parsed.key === key && parsed.attempt !== undefined) unfinished.add(parsed.attempt);
    }
  }
  for (const folder of folders) {
    const found = (await listMessages(disk, folder)).find(({ name }) => name.key === key);
    if (found !== undefined) return { unfinished, path: found.path };
  }
  return { unfinished };
}
