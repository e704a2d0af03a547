/**
 * The stack's part: takes what local programs left in the spool while it did not run, and
 * looks for more at intervals.
 *
 * One walk at a time; what goes wrong is logged and tried again with the next. Stopping
 * ends a walk after the message that is under way.
 */
import type { Clock, Domain, Logger, MailReceiver, Startable, Timer } from '@posthouse/mail';
import type { Disk } from '@posthouse/durable-fs';
import { conveyTo } from './conveyor.ts';
import { handOn } from './hand-on.ts';
import { createSpool, prepareSpool } from './spool.ts';

export interface CollectorOptions {
  /** The whole spool. */
  readonly directory: string;
  /** Who may use it. */
  readonly access: 'everybody' | 'owner';
  /** In notifications. */
  readonly hostname: Domain;
  /** Between two looks. @default 30 s */
  readonly intervalMs?: number;
}

export interface CollectorDeps {
  /** Takes the messages. */
  readonly receiver: MailReceiver;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
}

const DEFAULT_INTERVAL_MS = 30_000;

/** Makes a collector; `start` prepares the spool and looks once. */
export function createCollector(options: CollectorOptions, deps: CollectorDeps): Startable {
  return new Collector(options, deps);
}

class Collector implements Startable {
  readonly #options: CollectorOptions;
  readonly #deps: CollectorDeps;
  readonly #stop = new AbortController();
  #timer: Timer | undefined;
  #walk: Promise<void> | undefined;

  constructor(options: CollectorOptions, deps: CollectorDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    await prepareSpool(this.#options, this.#deps.disk);
    this.#look();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#timer?.cancel();
    await this.#walk;
  }

  #look(): void {
    this.#walk = this.#walkOnce().then(() => {
      if (this.#stop.signal.aborted) return;
      const interval = this.#options.intervalMs ?? DEFAULT_INTERVAL_MS;
      this.#timer = this.#deps.clock.after(interval, () => this.#look());
    });
  }

  async #walkOnce(): Promise<void> {
    const { access, directory, hostname } = this.#options;
    const { disk, logger, receiver } = this.#deps;
    const spool = createSpool({ directory, access, uid: process.getuid?.() }, disk);
    const conveyor = conveyTo(receiver);
    const walk = { directory, hostname, spool, conveyor, signal: this.#stop.signal };
    try {
      await handOn(walk, this.#deps);
    } catch (err) {
      logger.error({ event: 'spool-unreadable', err }, 'The sendmail spool cannot be read');
    }
  }
}
