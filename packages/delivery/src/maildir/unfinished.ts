/**
 * Files of ours in `tmp`: messages that are being written, or whose writer is dead.
 *
 * One whose name tells as many octets as it has is whole: its writer had nothing left to do but
 * syncs and the rename. `publish` does these in his place.
 */
import { join } from 'node:path';
import { isFault } from '@posthouse/durable-fs';
import type { Disk, FileStatus } from '@posthouse/durable-fs';
import { entriesOf, listFolders } from './folders.ts';
import { parseMessageName } from './message-name.ts';
import type { DeliveryIntention } from './writer.ts';

/** A file of ours in `tmp`. */
export interface UnfinishedFile {
  readonly path: string;
  /** Where it goes. */
  readonly final: string;
  /** @see MessageName */
  readonly attempt: string;
  readonly key?: string | undefined;
  readonly isWhole: boolean;
}

/** Reads a name in `tmp` of a folder; `undefined` for what is not ours. */
export function unfinishedFile(
  folder: string,
  fileName: string,
  status: Pick<FileStatus, 'sizeBytes'>,
): UnfinishedFile | undefined {
  const { attempt, key, sizeBytes } = parseMessageName(fileName);
  if (attempt === undefined) return undefined;
  const path = join(folder, 'tmp', fileName);
  const final = join(folder, 'new', fileName);
  return { path, final, attempt, key, isWhole: sizeBytes === status.sizeBytes };
}

/** Those in all folders of a Maildir. @throws DurableFsError */
export async function listUnfinished(
  disk: Disk,
  maildir: string,
): Promise<readonly UnfinishedFile[]> {
  const found: UnfinishedFile[] = [];
  for (const folder of await listFolders(disk, maildir)) {
    for (const { name } of await entriesOf(disk, join(folder, 'tmp'))) {
      const status = await statusOf(disk, join(folder, 'tmp', name));
      const file = status && unfinishedFile(folder, name, status);
      if (file !== undefined) found.push(file);
    }
  }
  return found;
}

/** What is known of a file; `undefined` where it has gone meanwhile. @throws DurableFsError */
export async function statusOf(disk: Disk, path: string): Promise<FileStatus | undefined> {
  try {
    return await disk.fileSystem.stat(path);
  } catch (error) {
    if (isFault(error, 'missing')) return undefined;
    throw error;
  }
}

/**
 * Brings a whole file to `new`, so that it stays there.
 * @param intend asked when the content is on the disk, before the file has its name
 * @throws DurableFsError, and what `intend` throws
 */
export async function publish(
  disk: Disk,
  { path, final }: UnfinishedFile,
  intend?: () => Promise<DeliveryIntention>,
): Promise<void> {
  const file = await disk.fileSystem.open(path, 'change');
  try {
    await disk.fileSystem.sync(file); // who wrote it may have been killed before this
  } finally {
    await disk.fileSystem.close(file);
  }
  const intention = await intend?.();
  const placement = await disk.place({ unfinished: path, path: final, note: intention?.note });
  intention?.settle(placement);
  if (placement.kind !== 'placed') throw placement.error;
}
