/**
 * Ledger: which copies were delivered lately, so that an attempt that is repeated can be
 * told from a first one whatever the recipient did with the message meanwhile.
 *
 * Every process appends to files of its own in a directory that all share, and reads those
 * of the others when it is asked. The order of the records around a publication, and what
 * follows from each that is missing, is in decision 0006. Nothing on the way of a delivery
 * waits for a sync: a kill leaves all that was written, and within a tenth of a second a
 * power cut does, too. Age and size of the whole are bounded.
 */
import { join } from 'node:path';
import { isFault, removeFile } from '@posthouse/durable-fs';
import type { Disk, Placement } from '@posthouse/durable-fs';
import type { Clock, Logger, Startable, Timer } from '@posthouse/mail';
import { entriesOf } from '../maildir/folders.ts';
import type { DeliveryIntention } from '../maildir/writer.ts';
import type { DeliveryKey } from './delivery-key.ts';
import { createKnowledge } from './knowledge.ts';
import type { Finding, Knowledge } from './knowledge.ts';
import { LedgerFile } from './ledger-file.ts';
import { LedgerReader } from './ledger-reader.ts';
import { formatHeader, formatRecord } from './records.ts';
import type { LedgerRecord } from './records.ts';
import {
  MAX_FILE_AGE_MS,
  MAX_FILE_BYTES,
  ledgerFileName,
  overdueFiles,
  startOf,
} from './retention.ts';
import type { FoundFile } from './retention.ts';

export interface LedgerDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The present run of the operating system (`currentBoot`). */
  readonly boot: string;
}

export interface Ledger extends Startable {
  /** Since when nothing is missing in the ledger. */
  readonly completeSince: number;
  /** What is to be noted when the attempt's file is whole, before it is published. @throws DurableFsError */
  intend(key: DeliveryKey, attempt: string): Promise<DeliveryIntention>;
  /** The attempt's file was not published. In the file when this resolves. @throws DurableFsError */
  withdraw(key: DeliveryKey, attempt: string): Promise<void>;
  /** Published, and on the disk. Written within a tenth of a second; where it cannot be, that is logged. */
  conclude(key: DeliveryKey): void;
  /** What all processes know of a copy at this moment. @throws DurableFsError */
  find(key: DeliveryKey): Promise<Finding>;
}

interface CurrentFile {
  readonly name: string;
  readonly startedAt: number;
  readonly file: LedgerFile;
}

const SYNC_DELAY_MS = 100;

/** A ledger in a directory, which must be there when it is started. */
export function createLedger(directory: string, deps: LedgerDeps): Ledger {
  return new DirectoryLedger(directory, deps);
}

class DirectoryLedger implements Ledger {
  readonly #directory: string;
  readonly #deps: LedgerDeps;
  readonly #knowledge: Knowledge;
  readonly #reader: LedgerReader;
  #running = false;
  /** The file that is appended to, until it is full, old or broken. */
  #current: CurrentFile | undefined;
  #beginning: Promise<CurrentFile> | undefined;
  #timer: Timer | undefined;

  constructor(directory: string, deps: LedgerDeps) {
    this.#directory = directory;
    this.#deps = deps;
    this.#knowledge = createKnowledge(deps.boot);
    this.#reader = new LedgerReader(directory, deps.disk, this.#knowledge);
  }

  get completeSince(): number {
    return this.#knowledge.startedAt ?? Infinity; // of no file, nothing is known
  }

  async start(): Promise<void> {
    if (this.#running) return;
    await this.#prune();
    await this.#reader.refresh();
    this.#running = true;
    await this.#usable();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#beginning?.catch(() => undefined);
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) await this.#end(current);
  }

  async intend(key: DeliveryKey, attempt: string): Promise<DeliveryIntention> {
    const record = { kind: 'intended', key, attempt } as const;
    const current = await this.#usable();
    const { note, settle } = current.file.lend(formatRecord(record));
    return {
      note,
      settle: (placement) => {
        settle();
        this.#noted(current, record, placement);
      },
    };
  }

  withdraw(key: DeliveryKey, attempt: string): Promise<void> {
    return this.#append({ kind: 'withdrawn', key, attempt });
  }

  conclude(key: DeliveryKey): void {
    this.#conclude({ kind: 'delivered', key }).catch((error: unknown) => {
      this.#warn(error, 'a delivery could not be noted: should it be repeated, it may be doubled');
    });
  }

  async find(key: DeliveryKey): Promise<Finding> {
    await this.#reader.refresh();
    return this.#knowledge.find(key, this.#deps.clock.now());
  }

  /**
   * The line waits for the next sync, as the promise is about no less: until then the record of
   * the intention, and that the file is gone from `tmp`, say the same.
   */
  async #conclude(record: LedgerRecord): Promise<void> {
    const { name, file } = await this.#usable();
    this.#knowledge.apply(name, record);
    file.appendLater(formatRecord(record));
    this.#syncSoon();
  }

  async #append(record: LedgerRecord): Promise<void> {
    const { name, file } = await this.#usable();
    const written = file.append(formatRecord(record));
    // Known at once, whatever comes of the write: it is we who did it.
    this.#knowledge.apply(name, record);
    await written;
    this.#syncSoon();
  }

  /**
   * What is not in the file is not known either: silence about an attempt that never was written
   * would pass for its publication.
   */
  #noted({ name, file }: CurrentFile, record: LedgerRecord, placement: Placement): void {
    const { kind } = placement;
    if (kind === 'unwritten') return;
    if (kind !== 'unknown') this.#knowledge.apply(name, record);
    if (kind === 'unknown' || (kind === 'unplaced' && !placement.isNoted)) {
      file.giveUp(placement.error); // half a line would spoil the next one
    } else {
      this.#syncSoon();
    }
  }

  #syncSoon(): void {
    this.#timer ??= this.#deps.clock.after(SYNC_DELAY_MS, () => void this.#sync());
  }

  /** The current file, or a new one in its place. */
  async #usable(): Promise<CurrentFile> {
    if (!this.#running) throw new Error('the ledger is not running');
    if (this.#current !== undefined && !this.#isSpent(this.#current)) return this.#current;
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = undefined;
    });
    return this.#beginning;
  }

  #isSpent({ startedAt, file }: CurrentFile): boolean {
    const ageMs = this.#deps.clock.now() - startedAt;
    return file.ended || file.sizeBytes > MAX_FILE_BYTES || ageMs > MAX_FILE_AGE_MS;
  }

  async #begin(): Promise<CurrentFile> {
    const before = this.#current;
    // Later than the one before, whatever the clock says: files are read in this order.
    const startedAt = Math.max(this.#deps.clock.now(), (before?.startedAt ?? 0) + 1);
    const current = await this.#create(startedAt);
    current.file.appendLater(before?.file.handOver() ?? '');
    this.#current = current;
    if (before !== undefined) {
      void this.#end(before);
      this.#prune().catch((error: unknown) => this.#warn(error, 'old ledger files stay'));
    }
    return current;
  }

  /** A file with its header, its name on the disk. On failure nothing of it is left. */
  async #create(startedAt: number): Promise<CurrentFile> {
    const { disk, boot } = this.#deps;
    const name = ledgerFileName(startedAt);
    const file = await LedgerFile.create(disk.fileSystem, join(this.#directory, name));
    this.#reader.disregard(name);
    this.#knowledge.open(name, { boot, startedAt });
    try {
      await file.append(formatHeader({ boot, startedAt }));
      await disk.directories.sync(this.#directory);
    } catch (error) {
      await file.discard();
      this.#reader.forget(name);
      throw error;
    }
    return { name, startedAt, file };
  }

  /** Never rejects: what a power cut could take from it now is told once. */
  async #end({ file }: CurrentFile): Promise<void> {
    try {
      await file.settled();
      if (!file.ended) await file.sync();
    } catch (error) {
      this.#warn(error, 'the ledger may have lost what it noted last');
    } finally {
      await file.close().catch(() => undefined); // nothing is lost that was not lost above
    }
  }

  async #sync(): Promise<void> {
    this.#timer = undefined;
    let file: LedgerFile | undefined;
    try {
      ({ file } = await this.#usable()); // a new one takes over the lines of one that broke
      await file.sync();
    } catch (error) {
      this.#warn(error, 'the ledger may have lost what it noted last');
      file?.giveUp(error);
    }
  }

  async #prune(): Promise<void> {
    const { disk, clock } = this.#deps;
    const found: FoundFile[] = [];
    for (const { name } of await entriesOf(disk, this.#directory)) {
      if (startOf(name) === undefined) continue;
      found.push({ name, sizeBytes: await this.#sizeOf(name) });
    }
    for (const name of overdueFiles(found, clock.now())) {
      if (name === this.#current?.name) continue;
      await removeFile(disk, join(this.#directory, name));
      this.#reader.forget(name);
    }
  }

  async #sizeOf(name: string): Promise<number> {
    try {
      return (await this.#deps.disk.fileSystem.stat(join(this.#directory, name))).sizeBytes;
    } catch (error) {
      if (isFault(error, 'missing')) return 0; // another process has removed it
      throw error;
    }
  }

  #warn(error: unknown, text: string): void {
    this.#deps.logger.warn({ event: 'ledger-trouble', err: error }, text);
  }
}
