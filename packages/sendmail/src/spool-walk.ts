/**
 * Reading a spool whose files other users made.
 *
 * Nothing there is trusted: a link could lead to a file that only we may read, a pipe could
 * hold us up. So a file is opened without following links and without waiting, and counts
 * only if it is a plain file with one name that belongs to whom its directory is
 * named for. A directory at a time, entries in batches: memory does not grow with the spool.
 */
import { constants, lstat, open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile, removeLeftovers } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { contentFrom, parseTransactionId } from '@posthouse/mail';
import type { MailContent, TransactionId } from '@posthouse/mail';
import { canonicalLines } from './canonical-lines.ts';
import { CONTENT, ENVELOPE } from './spool.ts';
import { decodeEnvelope, MAX_ENVELOPE_BYTES } from './spooled-message.ts';
import type { SpooledMessage } from './spooled-message.ts';

/** A user's directory. */
export interface SpoolDirectory {
  readonly path: string;
  /** Absent on systems without user numbers. */
  readonly uid: number | undefined;
}

/** A message that waits; what cannot be read as one has a reason in its place. */
export type SpoolEntry =
  | {
      readonly kind: 'message';
      readonly message: SpooledMessage;
      readonly content: MailContent;
    }
  | { readonly kind: 'unreadable'; readonly id: TransactionId; readonly reason: string };

const CHUNK_BYTES = 65_536;
/** A call that reads its message for so long is dead. */
const ORPHAN_MS = 86_400_000;

/** The directories of all users, of a spool that need not be there. */
export async function listSpoolDirectories(spool: string): Promise<readonly SpoolDirectory[]> {
  const names = await readdir(spool).catch(() => []);
  const directories: SpoolDirectory[] = [];
  for (const name of names.filter((one) => /^(?:\d{1,10}|user)$/.test(one)).toSorted()) {
    const path = join(spool, name);
    const uid = name === 'user' ? undefined : Number(name);
    const status = await lstat(path).catch(() => undefined);
    const isOwn = uid === undefined || status?.uid === uid;
    if (status?.isDirectory() === true && isOwn) directories.push({ path, uid });
  }
  return directories;
}

/** The ids of messages, in no order. @throws DurableFsError */
export async function* listEnvelopes(
  directory: SpoolDirectory,
  disk: Disk,
): AsyncGenerator<TransactionId, void, void> {
  for await (const batch of disk.directories.list(directory.path)) {
    for (const { name } of batch) {
      const id = name.endsWith(ENVELOPE) && parseTransactionId(name.slice(0, -ENVELOPE.length));
      if (id !== false && id !== undefined) yield id;
    }
  }
}

/** Removes content that never got its envelope, because a process died in between. */
export async function removeOrphans(
  directory: SpoolDirectory,
  disk: Disk,
  now: number,
): Promise<void> {
  await removeLeftovers(disk, directory.path, { now });
  for await (const batch of disk.directories.list(directory.path)) {
    for (const { name } of batch) {
      if (!name.endsWith(CONTENT)) continue;
      const path = join(directory.path, name);
      const envelope = `${path.slice(0, -CONTENT.length)}${ENVELOPE}`;
      const [content, other] = await Promise.all(
        [path, envelope].map((file) => lstat(file).catch(() => undefined)),
      );
      const isOld = content !== undefined && now - content.mtimeMs > ORPHAN_MS;
      if (isOld && other === undefined) await removeFile(disk, path);
    }
  }
}

/** Reads one message; `undefined` where it is gone, or may not be read by us. */
export async function readEntry(
  directory: SpoolDirectory,
  id: TransactionId,
): Promise<SpoolEntry | undefined> {
  const path = join(directory.path, `${id}${CONTENT}`);
  try {
    const text = await readEnvelope(join(directory.path, `${id}${ENVELOPE}`), directory.uid);
    const message = text === undefined ? undefined : decodeEnvelope(id, text);
    if (message === undefined) return { kind: 'unreadable', id, reason: 'this is no envelope' };
    const file = await openPlain(path, [directory.uid]);
    const sizeBytes = file === undefined ? 0 : (await file.stat()).size;
    await file?.close();
    if (file === undefined) return { kind: 'unreadable', id, reason: 'its content is not theirs' };
    // Canonical already where we wrote it; another program may have written it.
    const octets = (): AsyncIterable<Uint8Array> =>
      canonicalLines(readPlain(path, directory.uid), { endsAtDot: false });
    return { kind: 'message', message, content: contentFrom(sizeBytes, octets) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

/** Ours are rewritten after a part of the recipients was reached. */
async function readEnvelope(path: string, uid: number | undefined): Promise<string | undefined> {
  const file = await openPlain(path, [uid, process.getuid?.()]);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    return size > MAX_ENVELOPE_BYTES ? undefined : await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function* readPlain(
  path: string,
  uid: number | undefined,
): AsyncGenerator<Buffer, void, void> {
  const file = await openPlain(path, [uid]);
  if (file === undefined) throw new Error(`${path} was changed`);
  try {
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Opens a plain file of one of these users; `undefined` for what is not one. */
async function openPlain(
  path: string,
  owners: readonly (number | undefined)[],
): Promise<FileHandle | undefined> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ELOOP') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  const status = await file.stat();
  const isTheirs = owners.some((uid) => uid === undefined || uid === status.uid);
  if (status.isFile() && status.nlink === 1 && isTheirs) return file;
  await file.close();
  return undefined;
}
