/**
 * Where mail lies: `<mail>/<domain>/<user>/Maildir`, and in it, by Maildir++, a folder
 * `Work/Clients` as the directory `.Work.Clients`, names in modified UTF-7 as on IMAP.
 *
 * A folder is looked up, never made: it exists where its owner made it. The lookup goes
 * without regard to case, as addresses do, and a name that fits exactly goes first.
 * RFC 3501 §5.1.3 (modified UTF-7), RFC 5233 (the detail of an address).
 */
import { join } from 'node:path';
import { isFault } from '@posthouse/durable-fs';
import type { DirectoryEntry, Disk } from '@posthouse/durable-fs';
import type { Mailbox } from '@posthouse/mail';

const MAX_NAME_OCTETS = 200;

/** Where the Maildir of an account is. Its address must be one of an account: safe in a path. */
export function maildirPath(mailDirectory: string, mailbox: Mailbox): string {
  return join(mailDirectory, mailbox.domain, mailbox.localPart, 'Maildir');
}

/** The directories of a Maildir's folders, the INBOX (the Maildir itself) first. */
export async function listFolders(disk: Disk, maildir: string): Promise<readonly string[]> {
  const names = await subfolders(disk, maildir);
  return [maildir, ...names.map((name) => join(maildir, name))];
}

/** The directory of the folder that the detail of an address names; `undefined` where there is none. */
export async function findFolder(
  disk: Disk,
  maildir: string,
  detail: string,
): Promise<string | undefined> {
  const wanted = folderName(detail);
  if (wanted === undefined) return undefined;
  const names = await subfolders(disk, maildir);
  const found =
    names.find((name) => name === wanted) ??
    names.find((name) => name.toLowerCase() === wanted.toLowerCase());
  return found === undefined ? undefined : join(maildir, found);
}

/** What there is in a directory; nothing where there is no directory. */
export async function entriesOf(disk: Disk, directory: string): Promise<readonly DirectoryEntry[]> {
  const entries: DirectoryEntry[] = [];
  try {
    for await (const batch of disk.directories.list(directory)) entries.push(...batch);
  } catch (error) {
    if (!isFault(error, 'missing')) throw error;
  }
  return entries;
}

async function subfolders(disk: Disk, maildir: string): Promise<readonly string[]> {
  return (await entriesOf(disk, maildir))
    .filter(({ name, kind }) => kind === 'directory' && /^\.[^.]/.test(name))
    .map(({ name }) => name);
}

/** The name of the directory of a folder; `undefined` for what can be none. */
function folderName(detail: string): string | undefined {
  const parts = detail.normalize('NFC').split('.');
  if (parts.some((part) => part === '') || /[/\\\u0000-\u001f\u007f]/.test(detail))
    return undefined;
  const name = `.${toModifiedUtf7(parts.join('.'))}`;
  return name.length > MAX_NAME_OCTETS ? undefined : name;
}

/** RFC 3501 §5.1.3. */
function toModifiedUtf7(text: string): string {
  return text.replace(/&|[^\u0020-\u007e]+/g, (run) => {
    if (run === '&') return '&-';
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}
