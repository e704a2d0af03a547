/**
 * ContentStage: takes a message's content as it comes and holds it until every recipient
 * has his copy.
 *
 * It is held in the stored form (LF line ends), small content in memory, large content in
 * a scratch file that nobody syncs: what must last is the copies. The start of the content
 * stays in memory either way, for the header section, from which Return-Path is left out.
 * `discard` leaves nothing behind; it is called at the end of every transaction.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { join } from 'node:path';
import { readRange, temporaryName } from '@posthouse/durable-fs';
import type { Disk, OpenFile } from '@posthouse/durable-fs';
import { giveBackMemory } from '@posthouse/mail';
import type { DeliveryAttempt } from '@posthouse/mail';
import { contentDigests, contentHash } from './ledger/content-digest.ts';
import type { ContentDigests } from './ledger/content-digest.ts';
import { createLineEndReader } from './maildir/line-ends.ts';
import { storedInMemory } from './maildir/stored-content.ts';
import type { StoredContent } from './maildir/stored-content.ts';
import { withoutReturnPaths } from './return-paths.ts';

/** Where scratch files are, and whose they are. */
export interface Scratch {
  readonly disk: Disk;
  readonly directory: string;
  readonly owner: string;
}

/** The content, complete. */
export interface StagedContent {
  readonly stored: StoredContent;
  /** Its first octets in the stored form; the header section, unless that is huge. */
  readonly opening: Buffer;
  /** Of what came, where it has a delivery id. */
  readonly digests?: ContentDigests;
}

/** Content is held in memory up to this size. */
const MAX_IN_MEMORY_BYTES = 262_144;

export class ContentStage {
  readonly #scratch: Scratch;
  readonly #lines = createLineEndReader();
  readonly #attempt: DeliveryAttempt | undefined;
  /** Of what went into the file, for a repeat. */
  #hash: Hash | undefined;
  #pieces: Buffer[] = [];
  #opening: Buffer | undefined;
  #path: string | undefined;
  #file: OpenFile | undefined;
  #sizeBytes = 0;
  #receivedBytes = 0;
  #isDiscarded = false;
  /** Settles when all that was asked so far is done: a descriptor must not be closed under a write. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(scratch: Scratch, attempt: DeliveryAttempt | undefined) {
    this.#scratch = scratch;
    this.#attempt = attempt;
  }

  /** Octets given so far, as they came. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** The chunk's memory may be used again when this resolves. @throws DurableFsError */
  write(chunk: Uint8Array): Promise<void> {
    this.#receivedBytes += chunk.byteLength;
    return this.#inOrder(() => this.#take(this.#lines.push(chunk)));
  }

  /** The content is complete. @throws DurableFsError */
  end(): Promise<StagedContent> {
    return this.#inOrder(async () => {
      await this.#take(this.#lines.end());
      await this.#closeFile();
      const stored = this.#stored();
      const opening = this.#opening ?? stored.bytes ?? Buffer.alloc(0);
      const kept = { stored: withoutReturnPaths(stored, opening), opening };
      return this.#attempt === undefined
        ? kept
        : { ...kept, digests: this.#digests(opening, this.#attempt) };
    });
  }

  /** Removes what there is. Idempotent; never throws. */
  async discard(): Promise<void> {
    this.#isDiscarded = true;
    await this.#last.catch(() => undefined);
    for (const piece of this.#pieces) giveBackMemory(piece); // each has its own, and all copies are made
    this.#pieces = [];
    await this.#closeFile().catch(() => undefined);
    const path = this.#path;
    this.#path = undefined;
    if (path !== undefined) await this.#scratch.disk.fileSystem.unlink(path).catch(() => undefined);
  }

  #inOrder<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      if (this.#isDiscarded) throw new Error('the content was discarded');
      return step();
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #take(piece: Buffer): Promise<void> {
    if (piece.byteLength === 0) return;
    this.#sizeBytes += piece.byteLength;
    this.#pieces.push(piece);
    if (this.#path !== undefined || this.#sizeBytes > MAX_IN_MEMORY_BYTES) await this.#spill();
  }

  /** Moves what is in memory into the file. */
  async #spill(): Promise<void> {
    const { disk, directory, owner } = this.#scratch;
    let rest: Uint8Array = Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (this.#file === undefined) {
      this.#opening = Buffer.from(rest.subarray(0, MAX_IN_MEMORY_BYTES));
      this.#path = join(directory, temporaryName(owner));
      this.#file = await disk.fileSystem.open(this.#path, 'create', 0o600);
      if (this.#attempt?.repeat === true) this.#hash = createHash('sha256');
    }
    this.#hash?.update(rest);
    while (rest.byteLength > 0) {
      const count = await disk.fileSystem.write(this.#file, rest);
      if (count === 0) throw new Error(`no byte was taken: ${this.#path}`);
      rest = rest.subarray(count);
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await this.#scratch.disk.fileSystem.close(file);
  }

  #digests(opening: Buffer, { repeat }: DeliveryAttempt): ContentDigests {
    const whole = (): string => this.#hash?.digest('hex') ?? contentHash(opening);
    return contentDigests(opening, this.#sizeBytes, repeat ? whole : undefined);
  }

  #stored(): StoredContent {
    const path = this.#path;
    if (path === undefined) {
      const [only = Buffer.alloc(0), ...others] = this.#pieces;
      const bytes = others.length === 0 ? only : Buffer.concat(this.#pieces);
      return storedInMemory(bytes, this.#receivedBytes);
    }
    const { disk } = this.#scratch;
    const sizeBytes = this.#sizeBytes;
    return {
      sizeBytes,
      virtualBytes: this.#receivedBytes,
      open: () => readRange(disk, path, 0, sizeBytes),
    };
  }
}
