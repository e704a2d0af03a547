/**
 * Large content: files that are staged, adopted, read, and removed once no message refers
 * to them.
 *
 * A file is on the disk, its name included, before its row is; its row is gone for good
 * before the file is. So a crash can leave a file without a row, never the other way round.
 * Such orphans are looked for after each start, in the background. Names carry the mark of
 * the process that gave them, so that what this one has staged is no orphan.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createAdoptedFiles, isFault, quarantine, readRange } from '@posthouse/durable-fs';
import type { AdoptedFiles, Disk, DurableWriter } from '@posthouse/durable-fs';
import type { Logger } from '@posthouse/mail';
import { DamagedContent, storeErrorOf } from './store-error.ts';

/** A file as a row refers to it. */
export interface FileReference {
  readonly name: string;
  readonly sizeBytes: number;
  readonly digest: string;
}

/** How many files are removed between two looks at anything else. */
const REMOVAL_BATCH = 64;

export class ContentFiles {
  readonly #disk: Disk;
  readonly #logger: Logger;
  readonly #files: AdoptedFiles;
  readonly #damagedDirectory: string;
  readonly #mark = randomBytes(6).toString('hex');
  #count = 0;
  #removals: Promise<void> = Promise.resolve();
  #isSweeping = false;

  constructor(directory: string, disk: Disk, logger: Logger) {
    this.#disk = disk;
    this.#logger = logger;
    this.#damagedDirectory = join(directory, 'damaged');
    this.#files = createAdoptedFiles(
      {
        directory: join(directory, 'content'),
        stagingDirectory: join(directory, 'staging'),
        owner: 'queue',
      },
      disk,
    );
  }

  /** Makes the directories, and removes what an earlier process was writing. */
  async prepare(now: number): Promise<void> {
    await this.#files.prepare(now);
  }

  open(): Promise<DurableWriter> {
    return this.#files.stage();
  }

  /** Gives a staged file its name; durable when this resolves. */
  async adopt(writer: DurableWriter): Promise<string> {
    this.#count += 1;
    const name = `${this.#mark}-${this.#count}`;
    await this.#files.adopt(writer, name);
    return name;
  }

  /** @throws DamagedContent, at the latest in place of the end; StoreError where the disk fails */
  async *read({ name, sizeBytes, digest }: FileReference): AsyncIterable<Uint8Array> {
    const hash = createHash('sha256');
    try {
      for await (const piece of readRange(this.#disk, this.#files.pathOf(name), 0, sizeBytes)) {
        hash.update(piece);
        yield piece;
      }
    } catch (error) {
      if (isFault(error, 'missing'))
        throw new DamagedContent('its file is missing', { cause: error });
      if (isFault(error, 'damaged'))
        throw new DamagedContent('its file is cut short', { cause: error });
      throw storeErrorOf(error);
    }
    if (hash.digest('hex') !== digest) throw new DamagedContent('its file has changed');
  }

  /** Moves a damaged file to where it is kept for people to look at. */
  async putAside(name: string, reason: string): Promise<void> {
    try {
      await quarantine(this.#disk, this.#files.pathOf(name), reason, this.#damagedDirectory);
    } catch (error) {
      if (!isFault(error, 'missing')) throw error;
    }
  }

  /** Removes files in the background, one batch after the other. What fails is an orphan of the next start. */
  remove(names: readonly string[]): Promise<void> {
    this.#removals = this.#removals.then(async () => {
      for (let at = 0; at < names.length; at += REMOVAL_BATCH) {
        await Promise.all(names.slice(at, at + REMOVAL_BATCH).map((name) => this.#remove(name)));
      }
    });
    return this.#removals;
  }

  /**
   * Looks for files that no message refers to, and removes them. Not while a damaged database is
   * kept: they may be all that is left of a message that was lost with it.
   */
  async sweep(knownFiles: (names: readonly string[]) => Promise<readonly string[]>): Promise<void> {
    this.#isSweeping = true;
    if (await this.#isDatabaseKept()) {
      const fields = { event: 'queue-orphans-kept', directory: this.#damagedDirectory };
      const text = 'content that no message refers to is kept while a damaged database is';
      this.#logger.warn(fields, text);
      return;
    }
    let count = 0;
    for await (const batch of this.#files.names()) {
      if (!this.#isSweeping) return;
      const foreign = batch.filter((name) => !name.startsWith(`${this.#mark}-`));
      if (foreign.length === 0) continue;
      const known = new Set(await knownFiles(foreign));
      const orphans = foreign.filter((name) => !known.has(name));
      count += orphans.length;
      await this.remove(orphans);
    }
    const fields = { event: 'queue-orphans-removed', count };
    this.#logger.debug(fields, 'looked for content that no message refers to');
  }

  /** Ends a sweep after the batch that it is at. */
  endSweep(): void {
    this.#isSweeping = false;
  }

  /** Resolves when all removals so far are done. */
  removed(): Promise<void> {
    return this.#removals;
  }

  async #isDatabaseKept(): Promise<boolean> {
    try {
      for await (const batch of this.#disk.directories.list(this.#damagedDirectory)) {
        if (batch.some(({ name }) => name.endsWith('.sqlite'))) return true;
      }
    } catch (error) {
      if (!isFault(error, 'missing')) throw error;
    }
    return false;
  }

  async #remove(name: string): Promise<void> {
    try {
      await this.#files.remove(name);
    } catch (error) {
      const fields = { event: 'queue-file-not-removed', name, error };
      this.#logger.warn(fields, 'content is left behind until the next start');
    }
  }
}
