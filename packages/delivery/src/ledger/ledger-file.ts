/**
 * LedgerFile: a file that lines are appended to, many at a time.
 *
 * What is appended while one write runs goes into the next one. `append` resolves when the
 * line is in the file, where it survives the death of this process; a power cut it
 * survives after the next `sync`. A write that fails ends the file, and rejects all lines
 * of that write, although some may be in the file. Begin a new one.
 */
import type { FileSystem, Note, OpenFile } from '@posthouse/durable-fs';

/** A line that somebody else writes. */
export interface LentLine {
  readonly note: Note;
  /** It is written, or never will be. Called once: until then the file stays open. */
  readonly settle: () => void;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class LedgerFile {
  readonly #fileSystem: FileSystem;
  readonly #file: OpenFile;
  #waiting: Waiting[] = [];
  /** Lines that nobody waits for. */
  #later = '';
  #running: Promise<void> | undefined;
  #failure: Error | undefined;
  #lent = 0;
  /** Told when nothing is lent any more. */
  #returned: (() => void) | undefined;
  #sizeBytes = 0;

  private constructor(fileSystem: FileSystem, file: OpenFile) {
    this.#fileSystem = fileSystem;
    this.#file = file;
  }

  /** Makes the file. @throws DurableFsError `exists` where the name is taken */
  static async create(fileSystem: FileSystem, path: string): Promise<LedgerFile> {
    return new LedgerFile(fileSystem, await fileSystem.open(path, 'create', 0o600));
  }

  /** What was asked to be appended so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether nothing more can be appended. */
  get ended(): boolean {
    return this.#failure !== undefined;
  }

  /** Ends the file: a failed sync is final. */
  giveUp(reason: unknown): void {
    this.#failure ??= asError(reason);
  }

  /** @throws DurableFsError: it is not known whether the line is in the file */
  append(line: string): Promise<void> {
    this.#sizeBytes += line.length;
    return this.#append(line);
  }

  /** Takes a line that goes in with the next one, or at the next `sync`. */
  appendLater(line: string): void {
    this.#sizeBytes += line.length;
    this.#later += line;
  }

  /** Gives up the lines that are still to be written. */
  handOver(): string {
    const lines = this.#later;
    this.#later = '';
    return lines;
  }

  #append(line: string): Promise<void> {
    const bytes = Buffer.from(this.handOver() + line, 'latin1');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Lends the file for one line: it goes in with another file's content, in one call (`PlacedFile`). */
  lend(line: string): LentLine {
    this.#sizeBytes += line.length;
    this.#lent += 1;
    return {
      note: { file: this.#file, line },
      settle: () => {
        this.#lent -= 1;
        if (this.#lent === 0) this.#returned?.();
      },
    };
  }

  /** The lines that were taken before the call survive a power cut. @throws DurableFsError */
  async sync(): Promise<void> {
    if (this.#later !== '') await this.#append('');
    await this.#fileSystem.sync(this.#file);
  }

  /** Waits for what is being written, here and by others. */
  async settled(): Promise<void> {
    if (this.#lent > 0) {
      await new Promise<void>((resolve) => {
        this.#returned = resolve;
      });
    }
    await this.#running;
  }

  /** To be called when all is settled. */
  async close(): Promise<void> {
    await this.#fileSystem.close(this.#file);
  }

  /** Closes and removes a file that nothing was noted in. Never throws. */
  async discard(): Promise<void> {
    await this.close().catch(() => undefined);
    await this.#fileSystem.unlink(this.#file.path).catch(() => undefined);
  }

  /** Never rejects: each caller hears of his own line. */
  async #run(): Promise<void> {
    await Promise.resolve(); // whoever appends in this same moment comes along
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#write(batch);
    }
    this.#running = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    let rest: Uint8Array = Buffer.concat(batch.map((one) => one.bytes));
    try {
      if (this.#failure !== undefined) throw this.#failure;
      while (rest.byteLength > 0) {
        const count = await this.#fileSystem.write(this.#file, rest);
        if (count === 0) throw new Error(`no byte was taken: ${this.#file.path}`);
        rest = rest.subarray(count);
      }
      for (const one of batch) one.resolve();
    } catch (error) {
      this.#failure ??= asError(error);
      for (const one of batch) one.reject(this.#failure);
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
