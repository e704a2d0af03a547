/**
 * What a dead writer left in `tmp`: removed once it is 36 hours old, as Maildir has it.
 *
 * Nobody else's clock is trusted for less: a file younger than that may be somebody's who
 * is still writing, or a sign by which a repeat is told from a first delivery (decision 0006).
 */
import { join } from 'node:path';
import { isFault } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { entriesOf, listFolders } from './folders.ts';

/** From which age a file in `tmp` is nobody's. */
export const STALE_AFTER_MS: number = 36 * 3_600_000;

export interface StaleFileOptions {
  /** The present, in milliseconds since 1970-01-01 UTC. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of each Maildir that cannot be looked through; the others are. */
  readonly onTrouble: (maildir: string, error: unknown) => void;
}

/**
 * Removes stale files from the Maildirs below a mail directory. Resolves with their number.
 * @throws DurableFsError where the mail directory itself cannot be read
 */
export async function removeStaleFiles(
  disk: Disk,
  mailDirectory: string,
  options: StaleFileOptions,
): Promise<number> {
  let removed = 0;
  for await (const maildir of maildirs(disk, mailDirectory)) {
    if (options.signal?.aborted === true) return removed;
    try {
      for (const folder of await listFolders(disk, maildir)) {
        removed += await removeFrom(disk, join(folder, 'tmp'), options.now);
      }
    } catch (error) {
      options.onTrouble(maildir, error);
    }
  }
  return removed;
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

async function removeFrom(disk: Disk, directory: string, now: number): Promise<number> {
  let removed = 0;
  for (const { name, kind } of await entriesOf(disk, directory)) {
    if (kind !== 'file') continue;
    const path = join(directory, name);
    try {
      const { modifiedAt } = await disk.fileSystem.stat(path);
      if (now - modifiedAt <= STALE_AFTER_MS) continue;
      await disk.fileSystem.unlink(path);
      removed += 1;
    } catch (error) {
      if (!isFault(error, 'missing')) throw error; // published or removed meanwhile
    }
  }
  return removed;
}
