/**
 * Whether another message may be taken, said at MAIL and before any of its octets.
 *
 * Sums come from the store, which keeps them in memory; the free disk is asked for
 * at most once a second, in the background, so that MAIL never waits for it. A disk
 * that cannot be asked is not taken to be full: the store itself says so in time.
 */
import { refuse } from '@posthouse/mail';
import type { Clock, Logger, MailError } from '@posthouse/mail';
import type { ResolvedBackPressure } from './options.ts';
import type { Store } from './store.ts';

export interface BackPressureDeps {
  readonly store: Pick<Store, 'usage'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly freeDiskBytes?: () => Promise<number>;
}

const ASK_EVERY_MS = 1000;

export class BackPressure {
  readonly #limits: ResolvedBackPressure;
  readonly #deps: BackPressureDeps;
  #freeBytes = Infinity;
  #askedAt = -Infinity;
  /** Declared by transactions that are under way. */
  #expectedBytes = 0;

  constructor(limits: ResolvedBackPressure, deps: BackPressureDeps) {
    this.#limits = limits;
    this.#deps = deps;
  }

  /** Asks for the free disk now. Never rejects. */
  async refresh(): Promise<void> {
    const { freeDiskBytes, clock, logger } = this.#deps;
    if (freeDiskBytes === undefined) return;
    this.#askedAt = clock.now();
    try {
      this.#freeBytes = await freeDiskBytes();
    } catch (error) {
      logger.warn({ event: 'disk-unknown', err: error }, 'The free disk space is not known');
    }
  }

  /** Why a message of this size is not taken now; `undefined`: it may come. */
  refusal(sizeBytes: number): MailError | undefined {
    const { store, clock } = this.#deps;
    if (clock.now() - this.#askedAt >= ASK_EVERY_MS) void this.refresh();
    const { messages, contentBytes } = store.usage();
    const coming = this.#expectedBytes + sizeBytes;
    const full =
      messages >= this.#limits.maxQueuedMessages
        ? 'messages'
        : contentBytes + coming > this.#limits.maxQueuedBytes
          ? 'bytes'
          : this.#freeBytes - coming < this.#limits.minFreeDiskBytes
            ? 'disk'
            : undefined;
    return full === undefined
      ? undefined
      : refuse('insufficient-storage', { fields: { limit: full } });
  }

  /** Counts what a transaction has declared, until it has ended. */
  expect(sizeBytes: number): void {
    this.#expectedBytes += sizeBytes;
  }

  ended(sizeBytes: number): void {
    this.#expectedBytes -= sizeBytes;
  }
}
