/**
 * Keeps the scheduler supplied with what is due: claims pages from the store when
 * there is room and reason, and sets an alarm for the next time.
 *
 * Reasons are a word from the store (`onChange`), room that became free, and the
 * alarm. One claim runs at a time. A store that fails is asked again, less and less
 * often; nothing is lost by it.
 */
import type { Clock, Logger, Timer } from '@posthouse/mail';
import type { ClaimLimits, Demand } from './demand.ts';
import type { Claimed, Store } from './store.ts';

export interface SupplyDeps {
  readonly store: Store;
  readonly demand: Demand;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly owner: string;
  readonly leaseMs: number;
  /** Takes what was claimed, under lease from then on. Nothing is claimed before it has resolved. Never rejects. */
  readonly onClaimed: (claimed: readonly Claimed[], limits: ClaimLimits) => Promise<void>;
}

const MIN_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

export class Supply {
  readonly #deps: SupplyDeps;
  #running = false;
  #pumping: Promise<void> | undefined;
  /** No longer so in the very step that has looked for the last time whether it was asked. */
  #isPumping = false;
  #asked = false;
  #alarm: Timer | undefined;
  #retryMs = MIN_RETRY_MS;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: SupplyDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#unsubscribe = this.#deps.store.onChange((what) => {
      if (what === 'due') this.expectMore();
    });
    this.expectMore();
  }

  /** Claims no more; resolves when no claim is under way. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#unsubscribe?.();
    this.#alarm?.cancel();
    await this.#pumping;
  }

  /** There may be room now. Cheap. */
  poke(): void {
    if (!this.#running || !this.#deps.demand.wantsClaim) return;
    this.#asked = true;
    if (!this.#isPumping) this.#pumping = this.#pump();
  }

  /** Something may be due that the store has not told of. */
  expectMore(): void {
    this.#deps.demand.expectMore();
    this.poke();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#asked && this.#running) {
        this.#asked = false;
        const found = await this.#claim();
        this.#asked ||= this.#deps.demand.wantsClaim;
        if (!this.#asked && this.#running) await this.#setAlarm(found); // may be asked meanwhile
      }
      this.#retryMs = MIN_RETRY_MS;
    } catch (error) {
      this.#deps.logger.error(
        { event: 'claim-failed', err: error },
        'The store could not be asked for what is due',
      );
      this.#wakeAfter(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    } finally {
      this.#isPumping = false;
    }
  }

  /** @returns how many recipients there were */
  async #claim(): Promise<number> {
    const { store, demand, clock, owner, leaseMs, onClaimed } = this.#deps;
    const now = clock.now();
    const limits = demand.claimLimits(now);
    const claimed = await store.claim({ owner, now, leaseUntil: now + leaseMs, ...limits });
    if (claimed.length > 0) await onClaimed(claimed, limits);
    return claimed.reduce((sum, { recipients }) => sum + recipients.length, 0);
  }

  async #setAlarm(found: number): Promise<void> {
    const { store, demand, clock } = this.#deps;
    const { excludeLanes, excludeSites } = demand.exclusions(clock.now());
    const dueAt = await store.nextDueAt(excludeLanes, excludeSites);
    const now = clock.now();
    const times = [dueAt, demand.nextRestEnd(now)].filter((time) => time !== undefined);
    if (times.length === 0) return;
    // What is due and yet was not to be had a moment ago is not asked for again at once.
    this.#wakeAfter(Math.max(Math.min(...times) - now, found > 0 ? 0 : MIN_RETRY_MS));
  }

  #wakeAfter(delayMs: number): void {
    this.#alarm?.cancel();
    if (!this.#running) return;
    this.#alarm = this.#deps.clock.after(delayMs, () => this.expectMore());
  }
}
