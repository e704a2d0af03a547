/**
 * Engine: the running part of a SQLite store. It opens and closes threads and files, keeps
 * account of what is under way, and puts aside what is damaged; the verbs are elsewhere.
 */
import { createDisk, nodeFileSystem } from '@posthouse/durable-fs';
import type { Disk, FileSystem } from '@posthouse/durable-fs';
import { systemClock } from '@posthouse/mail';
import type { Clock, Logger } from '@posthouse/mail';
import type { QueueId } from '../record.ts';
import { StoreError } from '../store.ts';
import { Tally } from '../tally.ts';
import type { StoreUsage } from '../store.ts';
import { ContentFiles } from './content-files.ts';
import type { DamageReport } from './damage.ts';
import { eventRow, lastText } from './encoding.ts';
import type { Aftermath } from './protocol.ts';
import { StagedNames } from './staged-names.ts';
import { storeErrorOf } from './store-error.ts';
import { Threads } from './threads.ts';
import { withoutSyncs } from './without-syncs.ts';

export interface EngineOptions {
  readonly directory: string;
  readonly synced: boolean;
}

export interface EngineDeps {
  readonly logger: Logger;
  /** @default the system's */
  readonly clock?: Clock;
  /** For content files. @default the machine's */
  readonly fileSystem?: FileSystem;
  /** Told of damage that was found and put aside. */
  readonly onDamage?: (report: DamageReport) => void;
}

/** What a listener is told. */
export type Change = 'due' | 'events';

/** What the engine needs to know of a damaged message. */
export interface DamagedMessage {
  readonly id: QueueId;
  readonly what: 'content' | 'record';
  readonly reason: string;
  /** The adopted file, where the content is in one. */
  readonly file?: string;
}

export class Engine {
  readonly files: ContentFiles;
  readonly threads: Threads;
  readonly staged: StagedNames = new StagedNames();
  readonly listeners: Set<(what: Change) => void> = new Set();
  usage: StoreUsage = { messages: 0, recipients: 0, contentBytes: 0 };
  readonly #options: EngineOptions;
  readonly #deps: EngineDeps;
  readonly #clock: Clock;
  readonly #disk: Disk;
  readonly #underWay = new Tally();
  #isRunning = false;
  #start: Promise<void> | undefined;
  #stop: Promise<void> = Promise.resolve();

  constructor(options: EngineOptions, deps: EngineDeps) {
    const fileSystem = deps.fileSystem ?? nodeFileSystem;
    this.#options = options;
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    this.#disk = createDisk(options.synced ? fileSystem : withoutSyncs(fileSystem));
    this.files = new ContentFiles(options.directory, this.#disk, deps.logger);
    this.threads = new Threads(options, {
      onAftermath: (aftermath) => this.#take(aftermath),
      onSalvage: (salvaged) => this.#report({ kind: 'database', ...salvaged }),
      onSalvageFailed: (error) => {
        const fields = { event: 'queue-salvage-failed', error };
        deps.logger.error(
          fields,
          'the damaged queue could not be saved; the next start tries again',
        );
      },
    });
  }

  start(): Promise<void> {
    this.#start ??= this.#open(this.#stop).catch((error: unknown) => {
      this.#start = undefined;
      throw storeErrorOf(error);
    });
    return this.#start;
  }

  stop(): Promise<void> {
    if (this.#start !== undefined) {
      this.#stop = this.#close(this.#start);
      this.#start = undefined;
    }
    return this.#stop;
  }

  /** Runs a verb, so that a stop waits for its end. @throws StoreError `stopped` */
  run<Value>(verb: () => Promise<Value>): Promise<Value> {
    if (!this.#isRunning) {
      return Promise.reject(new StoreError('stopped', 'the queue is not running'));
    }
    return this.#underWay.add(begun(verb));
  }

  /**
   * Runs a verb of a start, which nobody would try again: where damage is met, once more when
   * it is salvaged. @throws StoreError
   */
  runAtStart<Value>(verb: () => Promise<Value>): Promise<Value> {
    return this.run(async () => {
      try {
        return await verb();
      } catch (error) {
        if (storeErrorOf(error).kind !== 'damaged') throw error;
        await this.threads.salvaged();
        return verb();
      }
    });
  }

  /**
   * Puts a damaged message aside, and tells of it.
   * @returns the error for who came upon it
   */
  async putAside(damaged: DamagedMessage): Promise<StoreError> {
    const { id, what, reason, file } = damaged;
    const at = this.#clock.now();
    const wasThere = await this.threads.commit('putAside', {
      id,
      what,
      reason,
      last: lastText({ delayTold: false, lastReason: `damaged: ${reason}` }),
      event: eventRow({ kind: 'damaged', message: id, at, reason }),
    });
    if (!wasThere) return new StoreError('unavailable', `there is no message ${id} any more`);
    if (file !== undefined) await this.#quarantine(file, reason);
    this.#report({ kind: what, message: id, reason });
    return new StoreError('damaged', `the ${what} of message ${id} is damaged: ${reason}`);
  }

  async #open(stopped: Promise<void>): Promise<void> {
    await stopped;
    await this.#disk.directories.ensure(this.#options.directory);
    await this.threads.open();
    try {
      await this.files.prepare(this.#clock.now());
      await this.#disk.directories.sync(this.#options.directory);
    } catch (error) {
      await this.threads.close();
      throw error;
    }
    this.#isRunning = true;
    const durability = this.#options.synced ? 'disk' : 'memory';
    const { directory } = this.#options;
    const fields = { event: 'queue-opened', directory, durability, ...this.usage };
    this.#deps.logger.info(fields, 'the queue is open');
    this.#track(this.files.sweep((names) => this.threads.read('knownFiles', names)));
  }

  async #close(started: Promise<void>): Promise<void> {
    await started.catch(() => undefined);
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.files.endSweep();
    await this.#underWay.none();
    await this.threads.close();
    await this.files.removed();
  }

  /** Work in the background: its failure is only logged. */
  #track(work: Promise<void>): void {
    void this.#underWay.add(
      work.catch((error: unknown) => {
        const fields = { event: 'queue-sweep-failed', error };
        this.#deps.logger.warn(fields, 'looking for content that nothing refers to has failed');
      }),
    );
  }

  #take({ usage, orphans, due, events }: Aftermath): void {
    this.usage = usage;
    if (orphans.length > 0) void this.files.remove(orphans);
    for (const listener of this.listeners) {
      if (events) listener('events');
      if (due) listener('due');
    }
  }

  async #quarantine(file: string, reason: string): Promise<void> {
    try {
      await this.files.putAside(file, reason);
    } catch (error) {
      const fields = { event: 'queue-file-not-put-aside', file, error };
      this.#deps.logger.warn(fields, 'a damaged content file stays where it is');
    }
  }

  #report(report: DamageReport): void {
    const fields = { event: 'queue-damaged', ...report };
    this.#deps.logger.error(fields, 'the queue is damaged; what could be saved goes on');
    this.#deps.onDamage?.(report);
  }
}

/** A verb that throws at once rejects like any other. */
function begun<Value>(verb: () => Promise<Value>): Promise<Value> {
  try {
    return verb();
  } catch (error) {
    return Promise.reject(storeErrorOf(error));
  }
}
