/**
 * Changing the accounts file: what `posthouse user` does.
 *
 * Each change reads the file, edits one line and replaces the file whole, durably, with
 * one writer at a time. Comments, order and the fields that belong to Dovecot stay. A
 * new file is readable by its owner only; an existing one keeps its group's right to
 * read. A file with mistakes is not changed. Running agents notice by themselves.
 */
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createDisk, isFault, readFile, replaceFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { accountName, parseAccountName } from './account.ts';
import { AccountsError, brokenAccounts } from './accounts-error.ts';
import { readAccounts, withAccount, withoutAccount, withPassword } from './accounts-format.ts';
import type { AccountEntry } from './accounts-format.ts';
import { withLock } from './accounts-lock.ts';
import { hashPassword, passwordFault } from './password-hash.ts';

/** Beyond this it is no accounts file. Half a million accounts fit. */
export const MAX_ACCOUNTS_BYTES = 67_108_864;

/** Where the accounts are, and on which disk (by default the machine's). */
export interface AccountsFile {
  readonly path: string;
  readonly disk?: Disk | undefined;
}

/** The names of all accounts in the order of the file; none where there is no file. @throws AccountsError */
export async function listAccounts(file: AccountsFile): Promise<readonly string[]> {
  const { entries } = await read(file.disk ?? createDisk(), file.path);
  return entries.map((entry) => entry.name);
}

/**
 * Adds an account; makes the file where there is none.
 * @returns the account's name in its canonical form
 * @throws AccountsError, DurableFsError
 */
export async function addAccount(
  file: AccountsFile,
  name: string,
  password: string,
): Promise<string> {
  const canonical = canonicalName(name);
  const hash = await hashOf(password);
  await change(file, ({ text, entries }) => {
    if (entries.some((entry) => entry.name === canonical)) {
      throw new AccountsError('account-exists', `there is an account ${canonical} already`);
    }
    return withAccount(text, canonical, hash);
  });
  return canonical;
}

/** Gives an account another password. @throws AccountsError, DurableFsError */
export async function setPassword(
  file: AccountsFile,
  name: string,
  password: string,
): Promise<void> {
  const canonical = canonicalName(name);
  const hash = await hashOf(password);
  await change(file, (now) => withPassword(now.text, entryOf(now, canonical), hash));
}

/** Takes an account away; its mail stays where it is. @throws AccountsError, DurableFsError */
export async function removeAccount(file: AccountsFile, name: string): Promise<void> {
  const canonical = canonicalName(name);
  await change(file, (now) => withoutAccount(now.text, entryOf(now, canonical)));
}

interface Content {
  readonly text: string;
  readonly entries: readonly AccountEntry[];
}

async function change(file: AccountsFile, edit: (now: Content) => string): Promise<void> {
  const disk = file.disk ?? createDisk();
  const path = await realpath(file.path).catch(() => file.path); // a link stays a link
  await disk.directories.ensure(dirname(path));
  await withLock(disk, path, async () => {
    const text = edit(await read(disk, path));
    await replaceFile(disk, path, Buffer.from(text), { mode: await modeOf(disk, path) });
  });
}

async function read(disk: Disk, path: string): Promise<Content> {
  let text = '';
  try {
    text = Buffer.from(await readFile(disk, path, MAX_ACCOUNTS_BYTES)).toString();
  } catch (error) {
    if (!isFault(error, 'missing')) throw error;
  }
  const result = readAccounts(text);
  if (result.kind === 'invalid') throw brokenAccounts(path, result.problems);
  return { text, entries: result.entries };
}

async function modeOf(disk: Disk, path: string): Promise<number> {
  try {
    return 0o600 | ((await disk.fileSystem.stat(path)).mode & 0o040);
  } catch (error) {
    if (isFault(error, 'missing')) return 0o600;
    throw error;
  }
}

function canonicalName(name: string): string {
  const mailbox = parseAccountName(name);
  if (mailbox !== undefined) return accountName(mailbox);
  const rule = "letters, digits and . _ - = ' ~ before the @, a domain behind it";
  throw new AccountsError('bad-name', `${JSON.stringify(name)} is no name of an account: ${rule}`);
}

function entryOf(content: Content, name: string): AccountEntry {
  const entry = content.entries.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  throw new AccountsError('no-such-account', `there is no account ${name}`);
}

async function hashOf(password: string): Promise<string> {
  const fault = passwordFault(password);
  if (fault !== undefined) throw new AccountsError('bad-password', fault);
  return hashPassword(password);
}
