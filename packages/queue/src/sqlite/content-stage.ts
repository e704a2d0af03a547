/**
 * Content on its way in: in memory up to a limit, beyond it in a file. Nothing but a chunk is
 * held of a file. The first failure is final for the stage, and leaves no file.
 */
import { createHash } from 'node:crypto';
import type { DurableWriter } from '@posthouse/durable-fs';
import type { ContentStage, StagedContent } from '../store.ts';
import type { ContentFiles } from './content-files.ts';
import { storeErrorOf } from './store-error.ts';

/** Adopted files that are staged and not yet accepted: a discard removes them. */
export interface StagedFiles {
  add(name: string): void;
  /** Whether the file was still there to be discarded. */
  delete(name: string): boolean;
}

export class FileOrMemoryStage implements ContentStage {
  readonly #files: ContentFiles;
  readonly #staged: StagedFiles;
  readonly #maxInlineBytes: number;
  readonly #hash = createHash('sha256');
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #writer: DurableWriter | undefined;
  #name: string | undefined;
  #discarded = false;

  constructor(files: ContentFiles, staged: StagedFiles, maxInlineBytes: number) {
    this.#files = files;
    this.#staged = staged;
    this.#maxInlineBytes = maxInlineBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.byteLength;
    try {
      if (this.#writer === undefined) {
        this.#chunks.push(Buffer.from(chunk)); // a copy: the caller keeps the memory
        if (this.#sizeBytes > this.#maxInlineBytes) await this.#spill();
      } else {
        await this.#writer.write(chunk);
      }
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  async end(): Promise<StagedContent> {
    const digest = this.#hash.digest('hex');
    const facts = { sizeBytes: this.#sizeBytes, digest };
    if (this.#writer === undefined) {
      const bytes = Buffer.concat(this.#chunks);
      this.#chunks = [];
      return { pointer: { kind: 'inline', bytes }, ...facts };
    }
    try {
      const name = await this.#files.adopt(this.#writer);
      this.#name = name;
      this.#staged.add(name);
      if (this.#discarded) this.#removeFile();
      return { pointer: { kind: 'adopted', name }, ...facts, open: () => this.#read(name, facts) };
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  async discard(): Promise<void> {
    this.#discarded = true;
    this.#chunks = [];
    await this.#writer?.discard(); // without effect once the file has its name
    this.#removeFile();
  }

  async #spill(): Promise<void> {
    this.#writer = await this.#files.open();
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) await this.#writer.write(chunk);
  }

  async *#read(
    name: string,
    facts: { readonly sizeBytes: number; readonly digest: string },
  ): AsyncIterable<Uint8Array> {
    try {
      yield* this.#files.read({ name, ...facts });
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
