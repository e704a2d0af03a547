/**
 * FileSystem: the few calls that this package makes, as a type. It is the fault seam:
 * tests put a faulty or a forgetful file system in its place (`./testing`).
 *
 * Every method rejects with DurableFsError and with nothing else. No method retries.
 * Whether a change survives a power cut is said by `sync` (contents) and
 * `syncDirectory` (names), never by the call that made the change.
 */

/**
 * `create` fails with `exists` where the name is taken; `append` makes the file if it is missing;
 * `change` is for a file that is there, to be written or synced.
 */
export type FileAccess = 'read' | 'create' | 'append' | 'change';

/** A file that is open; it belongs to the FileSystem that opened it. */
export interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
}

export type EntryKind = 'file' | 'directory' | 'other';

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** What is known of a name, symbolic links followed. */
export interface FileStatus {
  readonly kind: EntryKind;
  readonly sizeBytes: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly modifiedAt: number;
  /** Permission bits, for example 0o600. */
  readonly mode: number;
  /** Equal for two names on one file system. */
  readonly device: number;
}

/** Room on a file system. */
export interface FileSystemSpace {
  /** What an unprivileged process may still use. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface FileSystem {
  /** `mode` is for a file that is made here; the process's umask applies. */
  open(path: string, access: FileAccess, mode?: number): Promise<OpenFile>;
  /** Reads at `position`; resolves with the number of bytes, 0 at the end of the file. */
  read(file: OpenFile, into: Uint8Array, position: number): Promise<number>;
  /** Writes at the end; resolves with the number of bytes taken, which may be fewer than given. */
  write(file: OpenFile, bytes: Uint8Array): Promise<number>;
  /** Content and size are on the disk. After a failure nothing is known of the file: write a new one. */
  sync(file: OpenFile): Promise<void>;
  /** The descriptor is gone even when this rejects. */
  close(file: OpenFile): Promise<void>;
  /** The names in a directory are on the disk. */
  syncDirectory(path: string): Promise<void>;
  /** Takes the place of a file that has the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name; fails with `exists` where it is taken. */
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** One level. Fails with `exists` where the name is taken by anything. */
  mkdir(path: string, mode: number): Promise<void>;
  /** The names in a directory, in no order, at most `batchSize` at a time. */
  list(path: string, batchSize: number): AsyncIterable<readonly DirectoryEntry[]>;
  stat(path: string): Promise<FileStatus>;
  statfs(path: string): Promise<FileSystemSpace>;
}
