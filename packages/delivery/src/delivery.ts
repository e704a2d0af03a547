/**
 * The delivery agent without a listener: a MailReceiver whose `delivered` means that the
 * message lies in its recipient's Maildir, content and name on the disk.
 *
 * It takes final addresses only; aliases are expanded before (architecture §7). Outcomes
 * may differ for each recipient. `stop` ends what is being committed and takes no more.
 */
import { randomBytes } from 'node:crypto';
import type { Directory } from '@posthouse/directory';
import {
  createDisk,
  createThreadedPlacer,
  nodeFileSystem,
  removeLeftovers,
} from '@posthouse/durable-fs';
import type { Disk, ThreadedPlacer } from '@posthouse/durable-fs';
import type {
  Clock,
  Logger,
  MailReceiver,
  MailTransaction,
  Startable,
  Timer,
} from '@posthouse/mail';
import { currentBoot } from './ledger/boot.ts';
import { createLedger } from './ledger/ledger.ts';
import type { Ledger } from './ledger/ledger.ts';
import { createOnce } from './ledger/once.ts';
import type { Once } from './ledger/once.ts';
import { createMailboxDelivery } from './mailbox-delivery.ts';
import { FORSAKEN_AFTER_MS, sweepTmp } from './maildir/tmp-sweep.ts';
import { createMaildirWriter } from './maildir/writer.ts';
import { resolveOptions } from './options.ts';
import type { DeliveryOptions, ResolvedDeliveryOptions } from './options.ts';
import { createQuotaBook } from './quota/quota-book.ts';
import { DeliveryTransaction } from './transaction.ts';
import type { TransactionDeps } from './transaction.ts';

export interface DeliveryDeps {
  readonly directory: Pick<Directory, 'accountAt'>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Share one among all that write in this process. @default a disk of its own over the machine's files */
  readonly disk?: Disk | undefined;
  /** The present run of the operating system, one word. @default what the system says */
  readonly boot?: string | undefined;
}

/** A receiver of mail for the mailboxes of a directory. */
export interface Delivery extends MailReceiver, Startable {}

const DAY_MS = 86_400_000;

/**
 * Makes a delivery agent; `start` makes its directories and reads its ledger.
 *
 * @example
 * const delivery = createDelivery(
 *   { hostname: 'mail.example.test', mailDirectory: 'var/mail' },
 *   { directory, logger, clock: systemClock },
 * );
 * @throws TypeError with every mistake in the options
 */
export function createDelivery(options: DeliveryOptions, deps: DeliveryDeps): Delivery {
  return new MaildirDelivery(resolveOptions(options), deps);
}

class MaildirDelivery implements Delivery {
  readonly results = 'per-recipient';
  readonly #options: ResolvedDeliveryOptions;
  readonly #deps: DeliveryDeps;
  readonly #disk: Disk;
  /** Ours, where the disk is. */
  readonly #placer: ThreadedPlacer | undefined;
  readonly #ledger: Ledger;
  readonly #once: Once;
  readonly #transaction: TransactionDeps;
  readonly #commits = new Set<Promise<unknown>>();
  #isOpen = false;
  #timer: Timer | undefined;
  #isFirstSweep = true;
  #cleaning: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;

  constructor(options: ResolvedDeliveryOptions, deps: DeliveryDeps) {
    const { logger, clock, directory, boot = currentBoot() } = deps;
    const placer = deps.disk === undefined ? createThreadedPlacer() : undefined;
    const disk = deps.disk ?? createDisk(nodeFileSystem, placer);
    const { mailDirectory, scratchDirectory, ledgerDirectory } = options;
    this.#options = options;
    this.#deps = deps;
    this.#disk = disk;
    this.#placer = placer;
    this.#ledger = createLedger(ledgerDirectory, { disk, clock, logger, boot });
    const writer = createMaildirWriter(options.hostname, { disk, clock });
    const quota = createQuotaBook({ disk, clock, logger });
    const once = createOnce(this.#ledger, { disk, clock });
    this.#once = once;
    // Nobody else's scratch files are ours, not even those of the process before us.
    const owner = `delivery-${randomBytes(8).toString('hex')}`;
    this.#transaction = {
      options,
      directory,
      scratch: { disk, directory: scratchDirectory, owner },
      quota,
      delivery: createMailboxDelivery({ mailDirectory, disk, logger, writer, quota, once }),
      now: () => clock.now(),
      isOpen: () => this.#isOpen,
      committing: (commit) => this.#watch(commit),
    };
  }

  capabilities(): ReturnType<MailReceiver['capabilities']> {
    const { maxMessageBytes, maxRecipients } = this.#options;
    return {
      maxSizeBytes: maxMessageBytes,
      maxRecipients,
      dsn: false, // the relay reports `delivered` by itself
      smtpUtf8: true,
      eightBitMime: true,
      requireTls: true,
    };
  }

  begin(...[reversePath, params, context]: Parameters<MailReceiver['begin']>): MailTransaction {
    return new DeliveryTransaction({ reversePath, params, context }, this.#transaction);
  }

  async start(): Promise<void> {
    if (this.#isOpen) return;
    await this.#disk.directories.ensure(this.#options.scratchDirectory);
    await this.#disk.directories.ensure(this.#options.ledgerDirectory);
    await this.#ledger.start();
    this.#isOpen = true;
    this.#isFirstSweep = true;
    this.#clean();
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#cleaning?.stop.abort();
    await Promise.allSettled([...this.#commits, this.#cleaning?.done]);
    await this.#ledger.stop();
    await this.#placer?.stop();
  }

  #watch(commit: Promise<unknown>): void {
    this.#commits.add(commit);
    const forget = (): void => void this.#commits.delete(commit);
    commit.then(forget, forget);
  }

  /** Now and every day; nothing waits for it. */
  #clean(): void {
    const stop = new AbortController();
    const done = this.#sweep(stop.signal).then((waitMs) => {
      if (!stop.signal.aborted) this.#timer = this.#deps.clock.after(waitMs, () => this.#clean());
    });
    this.#cleaning = { done, stop };
  }

  /** Never rejects. @returns in how many milliseconds to look again */
  async #sweep(signal: AbortSignal): Promise<number> {
    const { mailDirectory, scratchDirectory } = this.#options;
    const { clock, logger } = this.#deps;
    const now = clock.now();
    const onTrouble = (directory: string, error: unknown): void => {
      const fields = { event: 'cleaning-trouble', directory, err: error };
      logger.warn(fields, 'files that dead processes left could not be seen to');
    };
    try {
      const scratch = await removeLeftovers(this.#disk, scratchDirectory, { now });
      const { finish } = this.#once;
      const swept = await sweepTmp(this.#disk, mailDirectory, { now, signal, onTrouble, finish });
      if (swept.published > 0) {
        const fields = { event: 'deliveries-finished', messages: swept.published };
        logger.info(fields, 'messages that a dead process had written are in their mailboxes now');
      }
      const files = scratch + swept.removed;
      if (files > 0) {
        logger.info({ event: 'stale-files-removed', files }, 'old temporary files were removed');
      }
      return this.#nextSweepMs(swept.young);
    } catch (error) {
      onTrouble(mailDirectory, error);
      return DAY_MS;
    }
  }

  /** What was too young at the start is looked at once more. Later on, it is somebody's who lives. */
  #nextSweepMs(young: number): number {
    const isFirst = this.#isFirstSweep;
    this.#isFirstSweep = false;
    return isFirst && young > 0 ? FORSAKEN_AFTER_MS + 1000 : DAY_MS;
  }
}
