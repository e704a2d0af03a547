/**
 * A FileSystem in memory that forgets: what was not synced is gone after `cutPower`.
 *
 * It is harsher than any real one. Contents survive as they were at the last `sync`, a
 * file never synced is empty; a name survives a `syncDirectory` of its directory and
 * nothing else. As real file systems may write names early, `cutPower` can also keep all
 * names and forget only contents: code that is safe must be safe both ways. Where renames are
 * `atomic`, as those of file systems with a journal are, the sync of either directory makes both
 * sides of a rename last; else each has its own.
 */
import { basename, dirname, resolve } from 'node:path';
import type { DirectoryEntry, FileStatus, FileSystem, OpenFile } from '../file-system.ts';
import { errnoFault } from './errno.ts';

export interface VolatileFileSystem extends FileSystem {
  /** Forgets what was not synced. Open files are gone. `names` says what becomes of unsynced names. */
  cutPower(names: 'lost' | 'kept'): void;
  /** Every file and its present content, by absolute path. */
  files(): ReadonlyMap<string, Uint8Array>;
}

interface File {
  readonly kind: 'file';
  readonly mode: number;
  bytes: Uint8Array;
  synced: Uint8Array;
}

interface Directory {
  readonly kind: 'directory';
  readonly mode: number;
  entries: Map<string, Node>;
  synced: Map<string, Node>;
}

type Node = File | Directory;

/** A rename of which no side is on the disk yet. */
interface Move {
  readonly node: Node;
  readonly from: Directory;
  readonly fromName: string;
  readonly to: Directory;
  readonly toName: string;
}

export interface VolatileFileSystemOptions {
  /** @default 'torn' */
  readonly renames?: 'atomic' | 'torn';
}

/** A new file system with nothing but its root. */
export function createVolatileFileSystem(
  options: VolatileFileSystemOptions = {},
): VolatileFileSystem {
  return new VolatileFs(options);
}

class VolatileFs implements VolatileFileSystem {
  readonly #root: Directory = newDirectory(0o755);
  readonly #isAtomic: boolean;
  #moves: Move[] = [];
  readonly #open = new Map<number, File>();
  #descriptors = 0;

  constructor({ renames = 'torn' }: VolatileFileSystemOptions) {
    this.#isAtomic = renames === 'atomic';
  }

  cutPower(names: 'lost' | 'kept'): void {
    this.#open.clear();
    this.#moves = [];
    revert(this.#root, names);
  }

  files(): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const visit = (directory: Directory, path: string): void => {
      for (const [name, node] of directory.entries) {
        if (node.kind === 'directory') visit(node, `${path}/${name}`);
        else found.set(`${path}/${name}`, node.bytes);
      }
    };
    visit(this.#root, '');
    return found;
  }

  open: FileSystem['open'] = async (path, access, mode = 0o600) => {
    const entries = this.#parent('open', path);
    const name = basename(path);
    let node = entries.get(name);
    if (node !== undefined && access === 'create') throw errnoFault('EEXIST', 'open', path);
    if (node === undefined) {
      if (access === 'read' || access === 'change') throw errnoFault('ENOENT', 'open', path);
      node = { kind: 'file', mode, bytes: new Uint8Array(), synced: new Uint8Array() };
      entries.set(name, node);
    }
    if (node.kind === 'directory') throw errnoFault('EISDIR', 'open', path);
    this.#descriptors += 1;
    this.#open.set(this.#descriptors, node);
    return { path, descriptor: this.#descriptors };
  };

  read: FileSystem['read'] = async (file, into, position) => {
    const piece = this.#file('read', file).bytes.subarray(position, position + into.byteLength);
    into.set(piece);
    return piece.byteLength;
  };

  write: FileSystem['write'] = async (file, bytes) => {
    const node = this.#file('write', file);
    node.bytes = Buffer.concat([node.bytes, bytes]);
    return bytes.byteLength;
  };

  sync: FileSystem['sync'] = async (file) => {
    const node = this.#file('sync', file);
    node.synced = node.bytes;
  };

  close: FileSystem['close'] = async (file) => {
    this.#file('close', file);
    this.#open.delete(file.descriptor);
  };

  syncDirectory: FileSystem['syncDirectory'] = async (path) => {
    const directory = this.#directory('syncDirectory', path);
    directory.synced = new Map(directory.entries);
    const isSynced = ({ from, to }: Move): boolean => from === directory || to === directory;
    for (const { from, fromName, node, to, toName } of this.#moves.filter(isSynced)) {
      if (to !== directory) to.synced.set(toName, node);
      if (from !== directory) from.synced.delete(fromName);
    }
    this.#moves = this.#moves.filter((move) => !isSynced(move));
  };

  rename: FileSystem['rename'] = async (from, to) => {
    const node = this.#node('rename', from);
    const source = this.#directory('rename', dirname(resolve(from)));
    const target = this.#directory('rename', dirname(resolve(to)));
    const [fromName, toName] = [basename(from), basename(to)];
    source.entries.delete(fromName);
    target.entries.set(toName, node);
    if (this.#isAtomic) this.#moves.push({ node, from: source, fromName, to: target, toName });
  };

  link: FileSystem['link'] = async (existing, path) => {
    const node = this.#node('link', existing);
    this.#add('link', path, node);
  };

  unlink: FileSystem['unlink'] = async (path) => {
    const node = this.#node('unlink', path);
    if (node.kind === 'directory') throw errnoFault('EISDIR', 'unlink', path);
    this.#parent('unlink', path).delete(basename(path));
  };

  mkdir: FileSystem['mkdir'] = async (path, mode) => {
    this.#add('mkdir', path, newDirectory(mode));
  };

  async *list(path: string, batchSize: number): AsyncIterable<readonly DirectoryEntry[]> {
    const { entries } = this.#directory('list', path);
    const found = [...entries].map(([name, { kind }]) => ({ name, kind }));
    for (let from = 0; from < found.length; from += batchSize) {
      yield found.slice(from, from + batchSize);
    }
  }

  stat: FileSystem['stat'] = async (path): Promise<FileStatus> => {
    const node = this.#node('stat', path);
    const sizeBytes = node.kind === 'file' ? node.bytes.byteLength : 0;
    return { kind: node.kind, sizeBytes, modifiedAt: 0, mode: node.mode, device: 1 };
  };

  statfs: FileSystem['statfs'] = async () => ({ freeBytes: 2 ** 40, totalBytes: 2 ** 40 });

  #node(operation: string, path: string): Node {
    let node: Node = this.#root;
    for (const name of resolve(path).split('/').filter(Boolean)) {
      const next: Node | undefined = node.kind === 'directory' ? node.entries.get(name) : undefined;
      if (next === undefined) throw errnoFault('ENOENT', operation, path);
      node = next;
    }
    return node;
  }

  #directory(operation: string, path: string): Directory {
    const node = this.#node(operation, path);
    if (node.kind === 'file') throw errnoFault('ENOTDIR', operation, path);
    return node;
  }

  #parent(operation: string, path: string): Map<string, Node> {
    return this.#directory(operation, dirname(resolve(path))).entries;
  }

  #add(operation: string, path: string, node: Node): void {
    const entries = this.#parent(operation, path);
    if (entries.has(basename(path))) throw errnoFault('EEXIST', operation, path);
    entries.set(basename(path), node);
  }

  #file(operation: string, file: OpenFile): File {
    const node = this.#open.get(file.descriptor);
    if (node === undefined) throw errnoFault('EBADF', operation, file.path);
    return node;
  }
}

function newDirectory(mode: number): Directory {
  return { kind: 'directory', mode, entries: new Map(), synced: new Map() };
}

function revert(node: Node, names: 'lost' | 'kept'): void {
  if (node.kind === 'file') {
    node.bytes = node.synced;
    return;
  }
  if (names === 'lost') node.entries = new Map(node.synced);
  else node.synced = new Map(node.entries);
  for (const child of node.entries.values()) revert(child, names);
}
