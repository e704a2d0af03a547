/**
 * Content on its way in: in memory up to a limit, beyond it in a file. Nothing but a chunk is
 * held of a file. The first failure is final for the stage, and leaves no file.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { DurableWriter } from '@posthouse/durable-fs';
import { giveBackMemory } from '@posthouse/mail';
import type { ContentStage, StagedContent } from '../store.ts';
import type { ContentFiles, FileReference } from './content-files.ts';
import { storeErrorOf } from './store-error.ts';

const EMPTY: Buffer = Buffer.alloc(0);

/** Adopted files that are staged and not yet accepted: a discard removes them. */
export interface StagedFiles {
  add(name: string): void;
  /** Whether the file was still there to be discarded. */
  delete(name: string): boolean;
}

/** How much is to be held in memory. */
export interface StageLimits {
  readonly maxInlineBytes: number;
  /** What was said of the size beforehand; believed for no more than how much memory to take at once. */
  readonly sizeHintBytes: number | undefined;
}

export class FileOrMemoryStage implements ContentStage {
  readonly #files: ContentFiles;
  readonly #staged: StagedFiles;
  readonly #limits: StageLimits;
  /** What came so far, while it is in memory: in one piece, with room for more behind it. */
  #memory: Buffer = EMPTY;
  #sizeBytes = 0;
  #writer: DurableWriter | undefined;
  /** Of what went into the file. */
  #hash: Hash | undefined;
  #name: string | undefined;
  #discarded = false;

  constructor(files: ContentFiles, staged: StagedFiles, limits: StageLimits) {
    this.#files = files;
    this.#staged = staged;
    this.#limits = limits;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const before = this.#sizeBytes;
    this.#sizeBytes += chunk.byteLength;
    try {
      if (this.#writer === undefined && this.#sizeBytes <= this.#limits.maxInlineBytes) {
        this.#makeRoom(before);
        this.#memory.set(chunk, before); // a copy: the caller keeps the memory
      } else {
        const writer = this.#writer ?? (await this.#spill(before));
        await this.#writeTo(writer, chunk);
      }
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  async end(): Promise<StagedContent> {
    const sizeBytes = this.#sizeBytes;
    if (this.#writer === undefined || this.#hash === undefined) {
      const bytes = fitting(this.#memory, sizeBytes);
      this.#memory = EMPTY;
      const release = (): void => giveBackMemory(bytes);
      return { pointer: { kind: 'inline', bytes }, sizeBytes, release };
    }
    const digest = this.#hash.digest('hex');
    try {
      const name = await this.#files.adopt(this.#writer);
      this.#name = name;
      this.#staged.add(name);
      if (this.#discarded) this.#removeFile();
      const open = (): AsyncIterable<Uint8Array> => this.#read({ name, sizeBytes, digest });
      const release = (): void => this.#removeFile();
      return { pointer: { kind: 'adopted', name, digest }, sizeBytes, open, release };
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  async discard(): Promise<void> {
    this.#discarded = true;
    this.#memory = EMPTY;
    await this.#writer?.discard(); // without effect once the file has its name
    this.#removeFile();
  }

  /** Room for all that is counted, of which so much is there. */
  #makeRoom(thereBytes: number): void {
    const { maxInlineBytes, sizeHintBytes } = this.#limits;
    if (this.#memory.byteLength >= this.#sizeBytes) return;
    const wanted = Math.max(sizeHintBytes ?? 0, 2 * this.#memory.byteLength);
    const bytes = Math.max(this.#sizeBytes, Math.min(wanted, maxInlineBytes));
    const roomy = Buffer.allocUnsafeSlow(bytes);
    roomy.set(this.#memory.subarray(0, thereBytes));
    if (thereBytes > 0) giveBackMemory(this.#memory);
    this.#memory = roomy;
  }

  /** Moves what is in memory into a file. */
  async #spill(thereBytes: number): Promise<DurableWriter> {
    const writer = await this.#files.open();
    this.#writer = writer;
    const there = this.#memory.subarray(0, thereBytes);
    this.#memory = EMPTY;
    this.#hash = createHash('sha256');
    if (thereBytes > 0) await this.#writeTo(writer, there);
    return writer;
  }

  #writeTo(writer: DurableWriter, bytes: Uint8Array): Promise<void> {
    this.#hash?.update(bytes);
    return writer.write(bytes);
  }

  async *#read(file: FileReference): AsyncIterable<Uint8Array> {
    try {
      yield* this.#files.read(file);
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  #removeFile(): void {
    if (this.#name !== undefined && this.#staged.delete(this.#name)) {
      void this.#files.remove([this.#name]);
    }
  }
}

/** The start of that memory; on its own where too much of it would be kept for nothing. */
function fitting(memory: Buffer, sizeBytes: number): Buffer {
  const start = memory.subarray(0, sizeBytes);
  if (2 * sizeBytes >= memory.byteLength) return start;
  const own = Buffer.allocUnsafeSlow(sizeBytes);
  own.set(start);
  giveBackMemory(memory);
  return own;
}
