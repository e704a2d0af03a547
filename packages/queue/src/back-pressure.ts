/**
 * Whether another message may be taken, said at MAIL and before any of its octets.
 *
 * Sums come from the store, which keeps them in memory; the free disk and the memory of
 * the process are asked for at most once a second, in the background, so that MAIL never
 * waits for them. A disk that cannot be asked is not taken to be full: the store itself
 * says so in time.
 */
import { refuse } from '@posthouse/mail';
import type { Clock, Logger, MailError } from '@posthouse/mail';
import type { ResolvedBackPressure } from './options.ts';
import type { Store } from './store.ts';

export interface BackPressureDeps {
  readonly store: Pick<Store, 'usage'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly freeDiskBytes?: (() => Promise<number>) | undefined;
  readonly usedMemoryBytes?: (() => number) | undefined;
}

const ASK_EVERY_MS = 1000;

export class BackPressure {
  readonly #limits: ResolvedBackPressure;
  readonly #deps: BackPressureDeps;
  #freeBytes = Infinity;
  #memoryBytes = 0;
  #askedAt = -Infinity;
  /** Declared by transactions that are under way. */
  #expectedBytes = 0;

  constructor(limits: ResolvedBackPressure, deps: BackPressureDeps) {
    this.#limits = limits;
    this.#deps = deps;
  }

  /** Asks for the memory and the free disk now. Never rejects. */
  async refresh(): Promise<void> {
    const { freeDiskBytes, usedMemoryBytes, clock, logger } = this.#deps;
    this.#askedAt = clock.now();
    this.#memoryBytes = usedMemoryBytes?.() ?? 0;
    if (freeDiskBytes === undefined) return;
    try {
      this.#freeBytes = await freeDiskBytes();
    } catch (error) {
      logger.warn({ event: 'disk-unknown', err: error }, 'The free disk space is not known');
    }
  }

  /** Why a message of this size is not taken now; `undefined`: it may come. */
  refusal(sizeBytes: number): MailError | undefined {
    const { store, clock } = this.#deps;
    // Also where the clock was put back.
    if (Math.abs(clock.now() - this.#askedAt) >= ASK_EVERY_MS) void this.refresh();
    const { messages, contentBytes } = store.usage();
    const coming = this.#expectedBytes + sizeBytes;
    const full =
      messages >= this.#limits.maxQueuedMessages
        ? 'messages'
        : contentBytes + coming > this.#limits.maxQueuedBytes
          ? 'bytes'
          : this.#freeBytes - coming < this.#limits.minFreeDiskBytes
            ? 'disk'
            : this.#memoryBytes > this.#limits.maxMemoryBytes
              ? 'memory'
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
