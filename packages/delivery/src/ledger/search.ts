/**
 * Looking for traces of a copy in a Maildir, all its folders included.
 *
 * `tmp` is read before `new`, and that before `cur`: a message that moves on meanwhile is
 * met at least once. Only one whose flags change in the very moment may be missed.
 */
import type { Disk } from '@posthouse/durable-fs';
import { findByKey } from '../maildir/list.ts';
import { listUnfinished } from '../maildir/unfinished.ts';
import type { UnfinishedFile } from '../maildir/unfinished.ts';
import type { DeliveryKey } from './delivery-key.ts';

/** What was found. */
export interface Traces {
  /** Files of its attempts in `tmp`. */
  readonly unfinished: readonly UnfinishedFile[];
  /** Where the message is. */
  readonly path?: string;
}

/** @throws DurableFsError */
export async function findTraces(disk: Disk, maildir: string, key: DeliveryKey): Promise<Traces> {
  const unfinished = (await listUnfinished(disk, maildir)).filter((file) => file.key === key);
  const path = await findByKey(disk, maildir, key);
  return path === undefined ? { unfinished } : { unfinished, path };
}
