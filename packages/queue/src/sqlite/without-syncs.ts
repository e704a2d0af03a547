/** A file system that never waits for the disk: for throw-away queues. */
import type { FileSystem } from '@posthouse/durable-fs';

/** The same file system, but for its syncs, which do nothing. */
export function withoutSyncs(base: FileSystem): FileSystem {
  return {
    sync: async () => undefined,
    syncDirectory: async () => undefined,
    open: (path, access, mode) => base.open(path, access, mode),
    read: (file, into, position) => base.read(file, into, position),
    write: (file, bytes) => base.write(file, bytes),
    close: (file) => base.close(file),
    rename: (from, to) => base.rename(from, to),
    link: (existing, path) => base.link(existing, path),
    unlink: (path) => base.unlink(path),
    mkdir: (path, mode) => base.mkdir(path, mode),
    list: (path, batchSize) => base.list(path, batchSize),
    stat: (path) => base.stat(path),
    statfs: (path) => base.statfs(path),
  };
}
