/**
 * DurableWriter: a new file, written piece by piece, with no more than 64 KiB of it in memory.
 *
 * `write` resolves when the next piece may come: who awaits it is slowed down to the
 * disk's speed. When `finish` resolves the content is on the disk; the name is not (see
 * `publishFile`). Any failure, the sync's above all, is final: the file is removed there
 * and then, and every later call rejects with that same failure. Write a new one.
 */
import type { Disk } from './disk.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { removeQuietly } from './remove-file.ts';
import { abandon, writeAll } from './unfinished-file.ts';
import type { WriteOptions } from './unfinished-file.ts';

/** Pieces smaller than this are gathered, so that many small ones cost few writes. */
const GATHER_BYTES = 65_536;

export interface DurableWriter {
  readonly path: string;
  /** Bytes given to `write` so far. */
  readonly sizeBytes: number;
  /** The piece's memory may be used again once this resolves. @throws DurableFsError */
  write(piece: Uint8Array): Promise<void>;
  /** Writes what is gathered, syncs and closes. Idempotent. @throws DurableFsError */
  finish(): Promise<void>;
  /** Closes and removes the file, finished or not, unless it was published. Idempotent; never throws. */
  discard(): Promise<void>;
}

/** Starts a new file. @throws DurableFsError `exists` where the name is taken */
export async function openDurableWriter(
  disk: Disk,
  path: string,
  options: WriteOptions = {},
): Promise<DurableWriter> {
  const file = await disk.fileSystem.open(path, 'create', options.mode ?? 0o600);
  return new FileWriter(disk.fileSystem, file);
}

class FileWriter implements DurableWriter {
  readonly #fileSystem: FileSystem;
  readonly #file: OpenFile;
  #sizeBytes = 0;
  #gathered: Uint8Array | undefined;
  #gatheredBytes = 0;
  /** Why nothing more can be done with this file. */
  #end: Error | undefined;
  #open = true;
  /** Settles when all that was asked so far is done: steps run in order, one at a time. */
  #last: Promise<void> = Promise.resolve();
  #finish: Promise<void> | undefined;
  #discard: Promise<void> | undefined;

  constructor(fileSystem: FileSystem, file: OpenFile) {
    this.#fileSystem = fileSystem;
    this.#file = file;
  }

  get path(): string {
    return this.#file.path;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  write(piece: Uint8Array): Promise<void> {
    if (this.#finish !== undefined) {
      return Promise.reject(new Error(`written after its end: ${this.path}`));
    }
    this.#sizeBytes += piece.byteLength;
    return this.#inOrder(() => this.#append(piece));
  }

  finish(): Promise<void> {
    this.#finish ??= this.#inOrder(async () => {
      await this.#flush();
      this.#gathered = undefined;
      await this.#fileSystem.sync(this.#file);
      this.#open = false; // whatever close says, the descriptor is gone
      await this.#fileSystem.close(this.#file);
    });
    return this.#finish;
  }

  discard(): Promise<void> {
    this.#discard ??= this.#inOrder(() => {
      throw new Error(`discarded: ${this.path}`);
    }).catch(() => undefined);
    return this.#discard;
  }

  #inOrder(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(() => this.#run(step));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #run(step: () => Promise<void>): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    try {
      await step();
    } catch (error) {
      this.#end = error instanceof Error ? error : new Error(String(error));
      this.#gathered = undefined;
      if (this.#open) await abandon(this.#fileSystem, this.#file);
      else await removeQuietly(this.#fileSystem, this.path);
      throw this.#end;
    }
  }

  async #append(piece: Uint8Array): Promise<void> {
    if (this.#gatheredBytes + piece.byteLength > GATHER_BYTES) await this.#flush();
    if (piece.byteLength >= GATHER_BYTES) {
      await writeAll(this.#fileSystem, this.#file, piece);
      return;
    }
    this.#gathered ??= new Uint8Array(GATHER_BYTES);
    this.#gathered.set(piece, this.#gatheredBytes);
    this.#gatheredBytes += piece.byteLength;
  }

  async #flush(): Promise<void> {
    if (this.#gathered === undefined) return;
    const bytes = this.#gathered.subarray(0, this.#gatheredBytes);
    this.#gatheredBytes = 0;
    await writeAll(this.#fileSystem, this.#file, bytes);
  }
}
