/**
 * The spool: keeps messages of local programs while nobody takes them.
 *
 * Each user writes into a directory of his own, named for his number: a content
 * (`<id>.message`), and then, when all of it is on the disk, its envelope (`<id>.envelope`).
 * A message is there when its envelope is; `keep` resolves after the sync of the directory.
 * With access for everybody the spool is like /tmp (mode 3777), a user's directory is for him
 * and the spool's group (2770, files 0640): nobody else can read or remove a message.
 */
import { chmod, lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DurableFsError, openDurableWriter, removeFile, replaceFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import type { TransactionId } from '@posthouse/mail';
import { HeldContent } from './held-content.ts';
import { encodeEnvelope } from './spooled-message.ts';
import type { SpooledMessage } from './spooled-message.ts';

export interface SpoolOptions {
  readonly directory: string;
  readonly access: 'everybody' | 'owner';
  /** Whose messages are kept; absent on systems without user numbers. */
  readonly uid: number | undefined;
}

/** One user's side of the spool. */
export interface Spool {
  /** Where this user's messages lie. */
  readonly directory: string;
  /** Content that is kept only if it must be. Nothing is written for a small one. */
  hold(id: TransactionId): HeldContent;
  /** Makes a message last, with the content that was held for it. @throws DurableFsError */
  keep(message: SpooledMessage, content: HeldContent): Promise<void>;
}

/** Extensions of the two files. */
export const ENVELOPE = '.envelope';
export const CONTENT = '.message';

/** Makes a user's side of the spool; nothing is written yet. */
export function createSpool(options: SpoolOptions, disk: Disk): Spool {
  const directory = join(options.directory, String(options.uid ?? 'user'));
  const isShared = options.access === 'everybody';
  const [mode, directoryMode] = isShared ? [0o640, 0o770] : [0o600, 0o700];

  async function ensure(): Promise<void> {
    if (!isShared) await disk.directories.ensure(options.directory, 0o700);
    await disk.directories.ensure(directory, directoryMode);
    await assertOwn(directory, options.uid);
  }

  return {
    directory,
    hold(id) {
      const path = join(directory, `${id}${CONTENT}`);
      const open = async (): Promise<Awaited<ReturnType<typeof openDurableWriter>>> => {
        await ensure();
        return openDurableWriter(disk, path, { mode });
      };
      return new HeldContent({ disk, path, mode, open });
    },
    async keep(message, content) {
      await ensure();
      await content.keep();
      await writeEnvelope(disk, directory, message, mode);
    },
  };
}

/** Writes or replaces an envelope; the content's name is synced with it. @throws DurableFsError */
export async function writeEnvelope(
  disk: Disk,
  directory: string,
  message: SpooledMessage,
  mode: number,
): Promise<void> {
  const path = join(directory, `${message.id}${ENVELOPE}`);
  await replaceFile(disk, path, encodeEnvelope(message), { mode });
}

/** The envelope first: without it there is no message. @throws DurableFsError */
export async function removeMessage(disk: Disk, directory: string, id: string): Promise<void> {
  await removeFile(disk, join(directory, `${id}${ENVELOPE}`));
  await removeFile(disk, join(directory, `${id}${CONTENT}`));
}

/** Makes the spool of a stack: for its own user, or for everybody. @throws DurableFsError, or what chmod does */
export async function prepareSpool(
  { access, directory }: Pick<SpoolOptions, 'access' | 'directory'>,
  disk: Disk,
): Promise<void> {
  await disk.directories.ensure(dirname(directory), 0o700);
  await disk.directories.ensure(directory, 0o700);
  if (access === 'everybody') await chmod(directory, 0o3777); // the umask took bits away
}

/** Somebody else could have made it, to read what is kept there. @throws DurableFsError `denied` */
async function assertOwn(directory: string, uid: number | undefined): Promise<void> {
  if (uid === undefined) return;
  const status = await lstat(directory);
  if (status.isDirectory() && status.uid === uid) return;
  const place = { operation: 'mkdir', path: directory };
  throw new DurableFsError('denied', place, 'it belongs to another user');
}
