/**
 * What dead writers left in `tmp`: our whole messages are brought to `new`, and all else is
 * removed once it is 36 hours old, as Maildir has it.
 *
 * A writer answers for a message when its content and its name in `tmp` are on the disk
 * (decision 0017), so after a power cut it may be found here: a name of ours that tells the size,
 * and as many octets. Between the last of them and the rename a writer takes milliseconds; after a minute
 * nobody is. A copy that is in the mailbox already is not brought there again.
 * Nobody else's clock is trusted for less than 36 hours: such a file may be somebody's who still writes.
 */
import { join } from 'node:path';
import { isFault, unlinkIfThere } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { entriesOf, listFolders } from './folders.ts';
import { findByKey } from './list.ts';
import { publish, statusOf, unfinishedFile } from './unfinished.ts';
import type { UnfinishedFile } from './unfinished.ts';

/** From which age a file in `tmp` that is no whole message of ours is nobody's. */
export const STALE_AFTER_MS: number = 36 * 3_600_000;
/** From which age a whole message of ours in `tmp` has no writer any more. */
export const FORSAKEN_AFTER_MS: number = 60_000;

export interface TmpSweepOptions {
  /** The present, in milliseconds since 1970-01-01 UTC. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of each Maildir that cannot be looked through; the others are. */
  readonly onTrouble: (maildir: string, error: unknown) => void;
  /** Sees to a whole file of ours that is nobody's. @default publishes it, or removes it where its copy is in the mailbox */
  readonly finish?: (maildir: string, file: UnfinishedFile) => Promise<Finish>;
}

/** What was done with a whole file. */
export type Finish = 'published' | 'removed';

/** What became of files in `tmp`. */
export interface TmpSweep {
  /** Messages that were brought to `new`. */
  published: number;
  removed: number;
  /** Whole messages of ours that are younger than a minute: to be looked at again. */
  young: number;
}

/**
 * Looks through the Maildirs below a mail directory.
 * @throws DurableFsError where the mail directory itself cannot be read
 */
export async function sweepTmp(
  disk: Disk,
  mailDirectory: string,
  options: TmpSweepOptions,
): Promise<Readonly<TmpSweep>> {
  const sweep = { published: 0, removed: 0, young: 0 };
  for await (const maildir of maildirs(disk, mailDirectory)) {
    if (options.signal?.aborted === true) break;
    try {
      for (const folder of await listFolders(disk, maildir)) {
        await sweepFolder(disk, { maildir, folder, sweep }, options);
      }
    } catch (error) {
      options.onTrouble(maildir, error);
    }
  }
  return sweep;
}

/** `<mail>/<domain>/<user>/Maildir`, those that are there. */
async function* maildirs(disk: Disk, mailDirectory: string): AsyncGenerator<string, void, void> {
  for (const domain of await subdirectories(disk, mailDirectory)) {
    for (const user of await subdirectories(disk, domain)) yield join(user, 'Maildir');
  }
}

async function subdirectories(disk: Disk, directory: string): Promise<readonly string[]> {
  return (await entriesOf(disk, directory))
    .filter(({ name, kind }) => kind === 'directory' && !name.startsWith('.'))
    .map(({ name }) => join(directory, name));
}

interface Swept {
  readonly maildir: string;
  /** The Maildir itself or a folder of it. */
  readonly folder: string;
  readonly sweep: TmpSweep;
}

async function sweepFolder(disk: Disk, swept: Swept, options: TmpSweepOptions): Promise<void> {
  for (const { name, kind } of await entriesOf(disk, join(swept.folder, 'tmp'))) {
    if (kind !== 'file') continue;
    try {
      await sweepFile(disk, swept, name, options);
    } catch (error) {
      // Another process may be at the same file: what has gone is seen to.
      const path = join(swept.folder, 'tmp', name);
      if (!isFault(error, 'missing') || (await statusOf(disk, path)) !== undefined) throw error;
    }
  }
}

async function sweepFile(
  disk: Disk,
  { folder, maildir, sweep }: Swept,
  name: string,
  { now, finish = (_, found) => publishOnce(disk, maildir, found) }: TmpSweepOptions,
): Promise<void> {
  const path = join(folder, 'tmp', name);
  const status = await statusOf(disk, path);
  if (status === undefined) return; // published or removed meanwhile
  const ageMs = now - status.modifiedAt;
  const file = unfinishedFile(folder, name, status);
  if (file?.isWhole === true) {
    if (ageMs > FORSAKEN_AFTER_MS) sweep[await finish(maildir, file)] += 1;
    else sweep.young += 1;
  } else if (ageMs > STALE_AFTER_MS && (await unlinkIfThere(disk.fileSystem, path))) {
    sweep.removed += 1;
  }
}

async function publishOnce(disk: Disk, maildir: string, file: UnfinishedFile): Promise<Finish> {
  const { key, path } = file;
  if (key !== undefined && (await findByKey(disk, maildir, key)) !== undefined) {
    await unlinkIfThere(disk.fileSystem, path);
    return 'removed';
  }
  await publish(disk, file);
  return 'published';
}
