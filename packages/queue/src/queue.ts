/**
 * The queue: a receiver whose commit means that the message is durable, and the
 * worker that carries it on from there, for days if need be.
 *
 * What is running in memory may die at any instruction: the store has all that was
 * answered for, and `start` goes on from it. When it stops, transactions and their
 * commits are refused first, attempts in flight may end within a time, and what never began is given
 * back. Trouble of the store refuses new mail for now and loses nothing.
 */
import type {
  Clock,
  Logger,
  MailReceiver,
  MailTransaction,
  ReceiverCapabilities,
  Startable,
} from '@posthouse/mail';
import type { RateStanding } from './allowances.ts';
import { BackPressure } from './back-pressure.ts';
import { Dispatch } from './dispatch.ts';
import { startForgetting } from './forgetting.ts';
import { Intake } from './intake.ts';
import type { Inspect } from './intake.ts';
import { resolveOptions } from './options.ts';
import type { PaceView } from './pace-view.ts';
import type { QueueOptions, ResolvedOptions } from './options.ts';
import { createRetrySchedule } from './retry-schedule.ts';
import type { AllowanceKey, RoutePlanner } from './route.ts';
import type { SiteStanding } from './site-standing.ts';
import type { LaneKey } from './record.ts';
import type { Store } from './store.ts';
import { QueueTransaction } from './transaction.ts';
import type { Transmitter } from './transmitter.ts';

/** What a queue works with. The store is the owner's to start before and to stop after. */
export interface QueueDeps {
  readonly store: Store;
  readonly planner: RoutePlanner;
  readonly transmitter: Transmitter;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Looks at the whole message after it was staged and before it is accepted. */
  readonly inspect?: Inspect;
  /** Free octets where the store lives; asked about once a second while mail comes in. */
  readonly freeDiskBytes?: () => Promise<number>;
  /** Memory that the process holds now (resident set); asked as often. */
  readonly usedMemoryBytes?: () => number;
  /** Chance for retry times, in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** What the queue is doing now. */
export interface QueueActivity {
  /** Attempts under way. */
  readonly attempts: number;
  /** Recipients under lease that wait for their turn. */
  readonly waiting: number;
  /** Lanes known in memory. */
  readonly lanes: number;
  readonly restingSites: number;
}

/** A receiver that keeps its promise across crashes. */
export interface Queue extends MailReceiver, PaceView, Startable {
  readonly results: 'all-or-nothing';
  activity(): QueueActivity;
  /**
   * Has hosts of these lanes probed now that rest after trouble: an operator says so, or the
   * network is back. Mail that is not due stays so.
   */
  wake(lanes: Iterable<LaneKey>): void;
}

/**
 * Makes a queue.
 * @throws RangeError for options that make no sense
 * @example const queue = createQueue({ hostname }, { store, planner, transmitter, clock, logger });
 */
export function createQueue(options: QueueOptions, deps: QueueDeps): Queue {
  return new StoredQueue(resolveOptions(options), deps);
}

/** One life: it cannot be started again once it was stopped. */
class StoredQueue implements Queue {
  readonly results = 'all-or-nothing';
  readonly #options: ResolvedOptions;
  readonly #deps: QueueDeps;
  readonly #dispatch: Dispatch;
  readonly #intake: Intake;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #stopForgetting: (() => Promise<void>) | undefined;

  constructor(options: ResolvedOptions, deps: QueueDeps) {
    this.#options = options;
    this.#deps = deps;
    const schedule = createRetrySchedule(options.retry);
    const backPressure = new BackPressure(options.backPressure, deps);
    const random = deps.random ?? Math.random;
    this.#dispatch = new Dispatch(options, { ...deps, schedule, random });
    this.#intake = new Intake(options, {
      ...deps,
      dispatch: this.#dispatch,
      schedule,
      backPressure,
    });
  }

  capabilities(): ReceiverCapabilities {
    return {
      maxSizeBytes: this.#options.maxMessageBytes,
      maxRecipients: this.#options.maxRecipients,
      dsn: true,
      smtpUtf8: true,
      eightBitMime: true,
      requireTls: this.#options.requireTls,
    };
  }

  begin(...[reversePath, params, context]: Parameters<Queue['begin']>): MailTransaction {
    return new QueueTransaction(this.#intake, { reversePath, params, context });
  }

  activity(): QueueActivity {
    return this.#dispatch.activity;
  }

  sites(): Iterable<SiteStanding> {
    return this.#dispatch.sites();
  }

  rates(key: AllowanceKey): readonly RateStanding[] {
    return this.#dispatch.rates(key);
  }

  wake(lanes: Iterable<LaneKey>): void {
    this.#dispatch.wake(lanes);
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #start(): Promise<void> {
    if (this.#stopped !== undefined) throw new TypeError('a queue cannot be started twice');
    await this.#dispatch.start();
    await this.#intake.start();
    this.#stopForgetting = startForgetting(this.#options.eventRetentionMs, this.#deps);
  }

  async #stop(): Promise<void> {
    const accepted = this.#intake.stop(); // refuses from now on
    await this.#started?.catch(() => undefined); // who started it was told
    await accepted;
    await this.#stopForgetting?.();
    await this.#dispatch.stop(this.#options.drainMs);
  }
}
