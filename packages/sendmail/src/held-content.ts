/**
 * The content of one message while nobody has taken it: in memory while it is small, else
 * in the file that the spool would keep it in.
 *
 * Once ended it can be read as often as needed, made to last, or thrown away. A process
 * that dies leaves a file at most, which the next walk over the spool clears away.
 */
import { isAscii } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Disk, DurableWriter } from '@posthouse/durable-fs';
import { removeFile, writeNewFile } from '@posthouse/durable-fs';
import { contentFrom, contentOf } from '@posthouse/mail';
import type { ContentWriter, MailContent } from '@posthouse/mail';

/** Larger content lies in a file. */
const MAX_MEMORY_BYTES = 1024 * 1024;

/** Where the file is, and how it is opened. */
export interface HeldPlace {
  readonly disk: Disk;
  readonly path: string;
  readonly mode: number;
  open(): Promise<DurableWriter>;
}

export class HeldContent implements ContentWriter {
  /** Whether all octets are below 128. */
  isAscii = true;
  readonly #place: HeldPlace;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #file: DurableWriter | undefined;

  constructor(place: HeldPlace) {
    this.#place = place;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    this.#sizeBytes += chunk.length;
    this.isAscii &&= isAscii(chunk);
    if (this.#file === undefined && this.#sizeBytes <= MAX_MEMORY_BYTES) {
      this.#chunks.push(Buffer.from(chunk)); // the caller may use its memory again
      return;
    }
    const file = (this.#file ??= await this.#place.open());
    for (const held of this.#chunks.splice(0)) await file.write(held);
    await file.write(chunk);
  }

  async end(): Promise<void> {
    await this.#file?.finish();
  }

  /** After `end`. */
  content(): MailContent {
    const { path } = this.#place;
    return this.#file === undefined
      ? contentOf(Buffer.concat(this.#chunks))
      : contentFrom(this.#sizeBytes, () => createReadStream(path));
  }

  /** After `end`: its octets are on the disk under the path; the name is with the directory's next sync. */
  async keep(): Promise<void> {
    const { disk, mode, path } = this.#place;
    if (this.#file === undefined) {
      await writeNewFile(disk, path, Buffer.concat(this.#chunks), { mode });
    }
  }

  /** Leaves nothing behind, unless it was kept. Never throws. */
  async discard(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.discard();
    await removeFile(this.#place.disk, this.#place.path).catch(() => false);
  }
}
