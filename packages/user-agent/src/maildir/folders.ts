/**
 * The folders of a Maildir: `Work.Clients` is the directory `.Work.Clients` in it, with its
 * name in modified UTF-7, and INBOX is the Maildir itself (Maildir++).
 *
 * Other programs make and remove folders meanwhile: a folder is looked for each time.
 *
 * RFC 3501 §5.1 (INBOX in any case), §5.1.3 (modified UTF-7).
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MaildirError, isMissing } from './maildir-error.ts';

export const INBOX = 'INBOX';

/** The names of all folders, INBOX first. @throws MaildirError there is no Maildir */
export async function listFolders(root: string): Promise<readonly string[]> {
  const names = (await folderDirectories(root)).map((directory) => nameOf(directory));
  return [INBOX, ...names.toSorted((a, b) => a.localeCompare(b, 'en'))];
}

/** Where a folder is. @throws MaildirError there is no such folder */
export async function findFolder(root: string, folder: string): Promise<string> {
  if (folder.toUpperCase() === INBOX) return root;
  const found = (await folderDirectories(root)).find((directory) => nameOf(directory) === folder);
  if (found !== undefined) return join(root, found);
  throw new MaildirError('no-such-folder', `there is no folder ${JSON.stringify(folder)}`);
}

/** Makes a folder where it is not there. @throws MaildirError the name cannot be one */
export async function makeFolder(root: string, folder: string): Promise<string> {
  if (!isFolderName(folder)) {
    throw new MaildirError('folder-name', `${JSON.stringify(folder)} cannot be a folder's name`);
  }
  const directory = join(root, `.${toModifiedUtf7(folder)}`);
  for (const part of ['tmp', 'new', 'cur']) {
    await mkdir(join(directory, part), { recursive: true, mode: 0o700 });
  }
  // Says to delivery agents that this directory is a folder and no account (Maildir++).
  await writeFile(join(directory, 'maildirfolder'), '', { mode: 0o600 });
  return directory;
}

async function folderDirectories(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((entry) => /^\.[^.]/.test(entry.name) && !entry.isFile())
      .map(({ name }) => name);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new MaildirError('no-such-maildir', `there is no Maildir at ${root}`, { cause });
  }
}

function isFolderName(folder: string): boolean {
  return (
    folder.length <= 200 &&
    folder.split('.').every((part) => part !== '') &&
    !/[/\\\u0000-\u001f\u007f]/.test(folder)
  );
}

function nameOf(directory: string): string {
  return directory.slice(1).replace(/&([A-Za-z0-9+,]*)-/g, (whole, base64: string) => {
    if (base64 === '') return '&';
    const octets = Buffer.from(base64.replaceAll(',', '/'), 'base64');
    return octets.length % 2 === 0 ? octets.swap16().toString('utf16le') : whole;
  });
}

function toModifiedUtf7(name: string): string {
  return name.normalize('NFC').replace(/&|[^\u0020-\u007e]+/g, (run) => {
    if (run === '&') return '&-';
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}
