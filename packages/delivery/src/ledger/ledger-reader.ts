/**
 * LedgerReader: brings what all processes have written into the knowledge of this one.
 *
 * A look lists the directory and reads what was added to files of others since the last
 * look. One look runs at a time; callers who ask meanwhile share the next one. A file of a
 * broken form, or a broken line, tells nothing; one that cannot be read makes the look fail.
 */
import { join } from 'node:path';
import { isFault, readRange } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { entriesOf } from '../maildir/folders.ts';
import type { Knowledge } from './knowledge.ts';
import { parseHeader, parseRecord } from './records.ts';
import { startOf } from './retention.ts';

const NEWLINE = 0x0a;

export class LedgerReader {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #knowledge: Knowledge;
  /** How far each file of another process was read. */
  readonly #offsets = new Map<string, number>();
  /** Files that this process writes. */
  readonly #own = new Set<string>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(directory: string, disk: Disk, knowledge: Knowledge) {
    this.#directory = directory;
    this.#disk = disk;
    this.#knowledge = knowledge;
  }

  /** A file that this process writes need not be read. */
  disregard(file: string): void {
    this.#own.add(file);
  }

  forget(file: string): void {
    this.#own.delete(file);
    this.#offsets.delete(file);
    this.#knowledge.forget(file);
  }

  /** When this resolves, all that was in the files when it was called is known. @throws DurableFsError */
  refresh(): Promise<void> {
    // One that is to come covers this call, also in the moment between the end of a look and its own.
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#begin();
    this.#next = this.#running.catch(() => undefined).then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    const running = this.#look().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #look(): Promise<void> {
    const entries = await entriesOf(this.#disk, this.#directory);
    const names = new Set(entries.map(({ name }) => name));
    for (const name of this.#offsets.keys()) if (!names.has(name)) this.forget(name);
    for (const name of [...names].toSorted()) {
      if (startOf(name) === undefined || this.#own.has(name)) continue;
      await this.#readOn(name).catch((error: unknown) => {
        if (!isFault(error, 'missing')) throw error;
        this.forget(name); // its time was over
      });
    }
  }

  async #readOn(name: string): Promise<void> {
    const offset = this.#offsets.get(name) ?? 0;
    const path = join(this.#directory, name);
    const { sizeBytes } = await this.#disk.fileSystem.stat(path);
    if (sizeBytes <= offset) return;
    const pieces: Uint8Array[] = [];
    for await (const piece of readRange(this.#disk, path, offset, sizeBytes - offset)) {
      pieces.push(piece);
    }
    const bytes = Buffer.concat(pieces);
    const end = bytes.lastIndexOf(NEWLINE) + 1; // the rest of a line may be on its way
    if (end === 0) return;
    this.#offsets.set(name, offset + end);
    this.#learn(name, bytes.toString('latin1', 0, end - 1).split('\n'), offset === 0);
  }

  #learn(name: string, lines: readonly string[], isStart: boolean): void {
    if (isStart) {
      // Without its header it is of no run that we know, and as old as its name says.
      const header = parseHeader(lines[0] ?? '');
      this.#knowledge.open(name, header ?? { boot: '', startedAt: startOf(name) ?? 0 });
    }
    for (const line of lines) {
      const record = parseRecord(line);
      if (record !== undefined) this.#knowledge.apply(name, record);
    }
  }
}
