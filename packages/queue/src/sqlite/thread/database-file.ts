/**
 * Which file is the queue, and who may have it.
 *
 * The database is `queue-N.sqlite` with the highest N: a salvage writes N+1 and renames it
 * into place when it is whole, so at any instant there is one truth. `lock` is a database
 * too, held in an exclusive transaction by the owner: the system lets go of it when the
 * process dies, however it dies. The schema's version is read from the file's header
 * before anything is opened, so that what a newer version wrote is not touched at all.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { resultCode, StoreFault } from './faults.ts';

const NAME = /^queue-(\d+)\.sqlite$/;
const BUSY = 5;
/** Where the header has the user version, four bytes, big end first. */
const VERSION_OFFSET = 60;

/** The database's number; 1 where there is none yet. */
export function currentNumber(directory: string): number {
  return Math.max(1, ...numbers(directory));
}

export function databasePath(directory: string, number: number): string {
  return join(directory, `queue-${number}.sqlite`);
}

/** The numbers of all databases in the directory. */
function numbers(directory: string): readonly number[] {
  return readdirSync(directory).flatMap((name) => {
    const number = NAME.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Where a salvage keeps a damaged database. */
export function keptPath(directory: string, number: number): string {
  return join(directory, 'damaged', `queue-${number}.sqlite`);
}

/**
 * Moves databases that a salvage has replaced out of the way. Nothing hangs on when this is
 * done: the highest number is the queue.
 */
export function putOldAside(directory: string): void {
  const current = currentNumber(directory);
  for (const number of numbers(directory)) {
    if (number === current) continue;
    mkdirSync(join(directory, 'damaged'), { recursive: true, mode: 0o700 });
    const path = databasePath(directory, number);
    for (const suffix of ['-wal', '']) {
      const from = `${path}${suffix}`;
      if (existsSync(from)) renameSync(from, `${keptPath(directory, number)}${suffix}`);
    }
    rmSync(`${path}-shm`, { force: true });
  }
}

/** Syncs the directory's names, where the system can do that. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws StoreFault `newer-version` */
export function assertVersion(version: number, known: number, path: string): void {
  if (version <= known) return;
  throw new StoreFault(
    'newer-version',
    `${path} was written by a newer Posthouse (its version is ${version}, this one knows ${known}): ` +
      'run that version again, or give this one another state directory',
  );
}

/** The version that the header of a file names; 0 where there is no such file, or no header. */
export function versionInHeader(path: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return 0;
  }
  try {
    const header = Buffer.alloc(VERSION_OFFSET + 4);
    if (readSync(descriptor, header, 0, header.length, 0) < header.length) return 0;
    return header.toString('latin1', 0, 6) === 'SQLite' ? header.readUInt32BE(VERSION_OFFSET) : 0;
  } finally {
    closeSync(descriptor);
  }
}

/** Makes an empty file that nobody else may read; SQLite's own files beside it take after it. */
export function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

/** Makes this process the owner until the connection is closed. @throws StoreFault `in-use` */
export function lockDirectory(directory: string): DatabaseSync {
  const path = join(directory, 'lock');
  makePrivate(path);
  const lock = new DatabaseSync(path);
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (resultCode(error) !== BUSY) throw error;
    throw new StoreFault(
      'in-use',
      `the queue in ${directory} is in use by another process: stop that one, ` +
        'or give this one another state directory',
    );
  }
}
