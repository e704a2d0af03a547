/**
 * The FileSystem of the machine for a thread that may wait for it: every call is made there
 * and then, but for syncs and long writes, of which many run at the same time on libuv's threads.
 *
 * A call that is handed to another thread costs two wake-ups, more than opening, writing or
 * renaming a file does itself.
 */
import * as fs from 'node:fs';
import { durableFsErrorFrom } from '../error.ts';
import type { FileSystem } from '../file-system.ts';
import { nodeFileSystem, syncDirectoryOf } from '../node-file-system.ts';

/** Copying so many octets into the kernel's pages takes longer than two wake-ups, and other files wait for it. */
const LONG_WRITE_BYTES = 32_768;

/** The file system of this machine. It has no state. */
export const plainFileSystem: FileSystem = {
  ...nodeFileSystem,
  async open(path, access, mode = 0o600) {
    if (access !== 'create') return nodeFileSystem.open(path, access, mode);
    const descriptor = plainly('open', path, () => fs.openSync(path, 'wx', mode));
    return { path, descriptor };
  },
  async write(file, bytes) {
    if (bytes.byteLength >= LONG_WRITE_BYTES) return nodeFileSystem.write(file, bytes);
    return plainly('write', file.path, () => fs.writeSync(file.descriptor, bytes));
  },
  rename: async (from, to) => plainly('rename', to, () => fs.renameSync(from, to)),
  syncDirectory: syncDirectoryOf((path, done) => {
    let descriptor: number;
    try {
      descriptor = fs.openSync(path, 'r');
    } catch (error) {
      return done(asError(error), -1);
    }
    return done(null, descriptor);
  }),
};

function plainly<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw durableFsErrorFrom(error, { operation, path });
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
