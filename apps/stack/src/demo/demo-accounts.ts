/**
 * The two accounts of a stack that nobody has configured yet, with generated passwords.
 *
 * The accounts file keeps hashes only, so the passwords lie beside it in `demo.json`
 * (mode 0600). Where that file is gone or cannot be read, the accounts get new ones.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { addAccount, listAccounts, setPassword } from '@posthouse/directory';
import { DurableFsError, readFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';

export interface DemoAccount {
  readonly user: string;
  readonly password: string;
}

/** Those who live in a stack without a configuration. */
const DEMO_USERS: readonly string[] = ['alice@posthouse.test', 'bob@posthouse.test'];

const MAX_FILE_BYTES = 65_536;

/** Where the facts of the demo lie. */
export function demoFile(stateDirectory: string): string {
  return join(stateDirectory, 'demo.json');
}

/** Makes the accounts where they are missing. @throws AccountsError, DurableFsError */
export async function ensureDemoAccounts(
  stateDirectory: string,
  accountsFile: string,
  disk: Disk,
): Promise<readonly DemoAccount[]> {
  const file = { path: accountsFile, disk };
  const existing = new Set(await listAccounts(file));
  const known = await readPasswords(demoFile(stateDirectory), disk);
  const accounts: DemoAccount[] = [];
  for (const user of DEMO_USERS) {
    const password = (existing.has(user) ? known.get(user) : undefined) ?? newPassword();
    if (!existing.has(user)) await addAccount(file, user, password);
    else if (known.get(user) === undefined) await setPassword(file, user, password);
    accounts.push({ user, password });
  }
  return accounts;
}

/** Letters and digits only, so that it can be pasted anywhere. */
function newPassword(): string {
  return randomBytes(24).toString('base64url').replace(/[-_]/g, '').slice(0, 20);
}

async function readPasswords(path: string, disk: Disk): Promise<ReadonlyMap<string, string>> {
  const passwords = new Map<string, string>();
  try {
    const text = Buffer.from(await readFile(disk, path, MAX_FILE_BYTES)).toString();
    const parsed: unknown = JSON.parse(text);
    for (const account of listOf(parsed)) {
      if (isAccount(account)) passwords.set(account.user, account.password);
    }
  } catch (error) {
    const isGone = error instanceof DurableFsError && error.kind === 'missing';
    const isGarbled = error instanceof SyntaxError || error instanceof RangeError;
    if (!isGone && !isGarbled) throw error;
  }
  return passwords;
}

function listOf(parsed: unknown): readonly unknown[] {
  const holds = typeof parsed === 'object' && parsed !== null && 'accounts' in parsed;
  return holds && Array.isArray(parsed.accounts) ? parsed.accounts : [];
}

function isAccount(value: unknown): value is DemoAccount {
  return (
    typeof value === 'object' &&
    value !== null &&
    'user' in value &&
    'password' in value &&
    typeof value.user === 'string' &&
    typeof value.password === 'string'
  );
}
