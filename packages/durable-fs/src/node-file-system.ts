/**
 * The FileSystem of the machine, over node:fs.
 *
 * It uses the callback functions with bare descriptors: the same file operations cost
 * the event loop a fifth less than FileHandle's (decision 0004). All of it runs on
 * libuv's threads, of which there are four unless UV_THREADPOOL_SIZE says otherwise.
 * On macOS libuv's fsync asks the drive itself to flush (F_FULLFSYNC).
 *
 * Windows has no way to sync a directory: there, and only there, the refusal to open
 * one counts as done.
 */
import * as fs from 'node:fs';
import { durableFsErrorFrom, errorCode } from './error.ts';
import type { DurableFsError } from './error.ts';
import type { DirectoryEntry, EntryKind, FileAccess, FileSystem, OpenFile } from './file-system.ts';

const FLAGS: Readonly<Record<FileAccess, string>> = {
  read: 'r',
  create: 'wx',
  append: 'a',
  change: 'r+',
};
const NO_DIRECTORY_SYNC: ReadonlySet<string> = new Set(['EPERM', 'EISDIR', 'EACCES']);

type Done = (error: Error | null) => void;

/** The file system of this machine. It has no state. */
export const nodeFileSystem: FileSystem = {
  open,
  read,
  write,
  sync: (file) => call('sync', file.path, (done) => fs.fsync(file.descriptor, done)),
  close,
  syncDirectory: syncDirectoryOf((path, done) => fs.open(path, 'r', done)),
  rename: (from, to) => call('rename', to, (done) => fs.rename(from, to, done)),
  link: (existing, path) => call('link', path, (done) => fs.link(existing, path, done)),
  unlink: (path) => call('unlink', path, (done) => fs.unlink(path, done)),
  mkdir: (path, mode) => call('mkdir', path, (done) => fs.mkdir(path, { mode }, done)),
  list,
  stat,
  statfs,
};

/** Whether this refusal to sync a directory is the platform's way, and not a fault. */
export function hasNoDirectorySync(platform: NodeJS.Platform, code: string | undefined): boolean {
  return platform === 'win32' && code !== undefined && NO_DIRECTORY_SYNC.has(code);
}

function call(operation: string, path: string, start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(fault(error, operation, path))));
  });
}

function fault(error: unknown, operation: string, path: string): DurableFsError {
  return durableFsErrorFrom(error, { operation, path });
}

function open(path: string, access: FileAccess, mode = 0o600): Promise<OpenFile> {
  return new Promise((resolve, reject) => {
    fs.open(path, FLAGS[access], mode, (error, descriptor) => {
      if (error === null) resolve({ path, descriptor });
      else reject(fault(error, 'open', path));
    });
  });
}

function read(file: OpenFile, into: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(file.descriptor, into, 0, into.byteLength, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(fault(error, 'read', file.path));
    });
  });
}

function write(file: OpenFile, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(file.descriptor, bytes, 0, bytes.byteLength, null, (error, count) => {
      if (error === null) resolve(count);
      else reject(fault(error, 'write', file.path));
    });
  });
}

/**
 * Closing asks the disk nothing, for what matters has been synced before; a trip to a thread
 * costs the event loop three times as much as the call (docs/performance.md).
 */
function close(file: OpenFile): Promise<void> {
  return call('close', file.path, (done) => done(closeNow(file.descriptor)));
}

function closeNow(descriptor: number): Error | null {
  try {
    fs.closeSync(descriptor);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Opens a directory for reading. */
type OpenDirectory = (
  path: string,
  done: (error: Error | null, descriptor: number) => void,
) => void;

/** The sync of a directory, however it is opened. */
export function syncDirectoryOf(openDirectory: OpenDirectory): FileSystem['syncDirectory'] {
  return (path) =>
    new Promise((resolve, reject) => {
      const settle = (error: Error | null): void => {
        if (error === null || hasNoDirectorySync(process.platform, errorCode(error))) resolve();
        else reject(fault(error, 'syncDirectory', path));
      };
      openDirectory(path, (openError, descriptor) => {
        if (openError !== null) return settle(openError);
        return fs.fsync(descriptor, (syncError) => {
          const closeError = closeNow(descriptor);
          settle(syncError ?? closeError);
        });
      });
    });
}

async function* list(path: string, batchSize: number): AsyncIterable<readonly DirectoryEntry[]> {
  try {
    const directory = await fs.promises.opendir(path, { bufferSize: batchSize });
    let batch: DirectoryEntry[] = [];
    // Leaving the loop in any way closes the directory.
    for await (const entry of directory) {
      batch.push({ name: entry.name, kind: kindOf(entry) });
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } catch (error) {
    throw fault(error, 'list', path);
  }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): EntryKind {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'directory' : 'other';
}

function stat(path: string): ReturnType<FileSystem['stat']> {
  return new Promise((resolve, reject) => {
    fs.stat(path, (error, found) => {
      if (error !== null) return reject(fault(error, 'stat', path));
      return resolve({
        kind: kindOf(found),
        sizeBytes: found.size,
        modifiedAt: found.mtimeMs,
        mode: found.mode & 0o7777,
        device: found.dev,
      });
    });
  });
}

function statfs(path: string): ReturnType<FileSystem['statfs']> {
  return new Promise((resolve, reject) => {
    fs.statfs(path, (error, found) => {
      if (error !== null) return reject(fault(error, 'statfs', path));
      const { bsize, bavail, blocks } = found;
      return resolve({ freeBytes: bavail * bsize, totalBytes: blocks * bsize });
    });
  });
}
