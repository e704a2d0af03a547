/**
 * One writer at a time: `accounts.lock` beside the file, while a command changes it.
 *
 * Readers need no lock, because the file is replaced whole. A lock whose process has died
 * on this host is taken away; one that stays is reported with its name, so that a person
 * can decide. (Two commands that find the same dead lock in the same instant may both go on.)
 */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { createFile, isFault, readFile, removeFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { AccountsError } from './accounts-error.ts';

const RETRY_MS = 20;
const MAX_WAIT_MS = 5000;
const MAX_OWNER_BYTES = 1024;

/** Does the work while no other command changes the file. @throws AccountsError `locked` */
export async function withLock<T>(disk: Disk, path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  await acquire(disk, lock);
  try {
    return await work();
  } finally {
    await removeFile(disk, lock);
  }
}

async function acquire(disk: Disk, lock: string): Promise<void> {
  const owner = Buffer.from(`${process.pid} ${hostname()}\n`);
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      await createFile(disk, lock, owner);
      return;
    } catch (error) {
      if (!isFault(error, 'exists')) throw error;
    }
    if (await isAbandoned(disk, lock)) {
      await removeFile(disk, lock);
    } else if (waitedMs >= MAX_WAIT_MS) {
      const hint = `if none does, remove ${lock}`;
      throw new AccountsError('locked', `another command is changing the accounts; ${hint}`);
    } else {
      // Not a Clock's timer: this one must keep a short-lived command alive.
      await delay(RETRY_MS);
    }
  }
}

async function isAbandoned(disk: Disk, lock: string): Promise<boolean> {
  let text: string;
  try {
    text = Buffer.from(await readFile(disk, lock, MAX_OWNER_BYTES)).toString();
  } catch (error) {
    if (isFault(error, 'missing')) return false; // let go of in this moment
    throw error;
  }
  const [pid = '', host = ''] = text.trim().split(' ');
  return host === hostname() && /^[1-9]\d*$/.test(pid) && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is another user's.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
