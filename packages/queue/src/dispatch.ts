/**
 * The way out of the queue: takes groups under lease, runs their attempts when it
 * is their turn, and has their ends written down.
 *
 * A slot is free for the next attempt as soon as the transmitter has come back; that
 * its end is durable is waited for under the same lease, but not in the slot.
 */
import type { Clock, Delayed, Logger, MailContent, RecipientOutcome, Timer } from '@posthouse/mail';
import type { RateStanding } from './allowances.ts';
import { RunningAttempt } from './attempt.ts';
import type { FirstAttempt } from './attempt.ts';
import { beginAhead } from './begin-ahead.ts';
import { Bag } from './bag.ts';
import type { Place } from './bag.ts';
import { ContentCache } from './content-cache.ts';
import type { ClaimLimits } from './demand.ts';
import { groupClaimed } from './group.ts';
import type { Group } from './group.ts';
import type { Rested } from './held-lanes.ts';
import { judgementOf } from './judgement.ts';
import { heldBack, lastWords, RESTING, whyResting } from './last-words.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { NoteKeeper } from './note-keeper.ts';
import type { ResolvedOptions } from './options.ts';
import { readAhead } from './read-ahead.ts';
import { Recorder } from './recorder.ts';
import type { LaneKey, Priority } from './record.ts';
import type { RetrySchedule } from './retry-schedule.ts';
import type { AllowanceKey, RoutePlan, RoutePlanner } from './route.ts';
import { Scheduler } from './scheduler.ts';
import type { SiteStanding } from './site-standing.ts';
import type { Claimed, Store } from './store.ts';
import { Supply } from './supply.ts';
import { Tally } from './tally.ts';
import type { Transmitter } from './transmitter.ts';

export interface DispatchDeps {
  readonly store: Store;
  readonly planner: RoutePlanner;
  readonly transmitter: Transmitter;
  readonly schedule: RetrySchedule;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** How long a transmitter may take to come back once it was told to stop. */
const ABORT_GRACE_MS = 5000;
/** When to look again at what could not be begun or was ours twice. */
const SOON_MS = 30_000;

export class Dispatch {
  readonly #options: ResolvedOptions;
  readonly #deps: DispatchDeps;
  readonly #scheduler: Scheduler;
  readonly #supply: Supply;
  readonly #keeper: LeaseKeeper;
  readonly #recorder: Recorder;
  readonly #cache: ContentCache;
  readonly #notes: NoteKeeper;
  #roomAlarm: Timer | undefined;
  #roomAt: number | undefined;
  readonly #running = new Bag<RunningAttempt>();
  /** Everything that must have ended before we have stopped. */
  readonly #tasks = new Tally();
  #stopping = false;

  constructor(options: ResolvedOptions, deps: DispatchDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#cache = new ContentCache(options.maxCachedContentBytes);
    this.#scheduler = new Scheduler(options.concurrency, deps.planner);
    this.#notes = new NoteKeeper({ ...deps, pacing: this.#scheduler.pacing });
    this.#keeper = new LeaseKeeper(options.leaseMs, deps);
    this.#recorder = new Recorder({ ...deps, options, cache: this.#cache });
    this.#supply = new Supply({
      ...deps,
      demand: this.#scheduler.demand,
      owner: options.owner,
      leaseMs: options.leaseMs,
      onClaimed: (claimed, limits) => this.#onClaimed(claimed, limits),
    });
  }

  get activity(): Scheduler['activity'] {
    return this.#scheduler.activity;
  }

  sites(): Iterable<SiteStanding> {
    return this.#scheduler.sites(this.#deps.clock.now());
  }

  rates(key: AllowanceKey): readonly RateStanding[] {
    return this.#scheduler.pacing.standings(key, this.#deps.clock.now());
  }

  /** Ends what an earlier life of ours left under lease, and begins. */
  async start(): Promise<void> {
    const { store, clock } = this.#deps;
    await store.recover(this.#options.owner, clock.now());
    await this.#notes.start();
    this.#supply.start();
  }

  /** Lets attempts in flight end within `drainMs`, then stops them; gives back what never began. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping = true;
    this.#roomAlarm?.cancel();
    await this.#supply.stop();
    for (const group of this.#scheduler.drain()) this.#giveBack(group, 0);
    await this.#drained(drainMs);
    this.#recorder.giveUp();
    const reason = new DOMException('the queue is stopping', 'AbortError');
    for (const attempt of this.#running.items()) attempt.abort(reason);
    await this.#tasks.none();
    this.#keeper.stop();
    await this.#notes.stop();
  }

  /** Lets lanes that rest be probed now. */
  wake(lanes: Iterable<LaneKey>): void {
    this.#scheduler.wake(lanes);
    this.#next();
    this.#supply.expectMore();
  }

  /** Whether recipients that are being accepted may be leased at once; what may is counted at once. */
  reserve(
    plan: RoutePlan,
    from: { readonly sender: string; readonly priority: Priority },
    recipients: number,
  ): boolean {
    if (this.#stopping) return false;
    if (!this.#scheduler.mayReserve(plan, from, this.#deps.clock.now())) return false;
    this.#scheduler.demand.reserve(recipients);
    return true;
  }

  /** What was reserved needs no room any more: its accept has failed, or it is delivered already. */
  release(recipients: number): void {
    this.#scheduler.demand.release(recipients);
    this.#supply.poke();
  }

  /** Takes what was reserved and is accepted now, with its content where that is in memory. */
  admit(groups: readonly Group[], bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#cache.keep(groups, bytes);
    this.#take(groups);
    this.#next();
  }

  /**
   * Makes the first attempt of a reserved group that the store does not have yet.
   * @returns `undefined` where it may not begin at once
   */
  attemptFirst(group: Group, content: MailContent): FirstAttempt | undefined {
    if (this.#stopping || !this.#scheduler.startAtOnce(group, this.#deps.clock.now())) {
      return undefined;
    }
    const attempt = this.#attemptOf(group, content);
    const place = this.#running.add(attempt);
    const end = attempt.transmit().then((outcomes) => {
      this.#attemptEnded(group, place, outcomes);
      return outcomes;
    });
    return {
      end,
      abort: (reason) => attempt.abort(reason),
      release: () => this.release(group.recipients.length),
      keep: () => {
        this.#keeper.add(group);
        this.#abortWhenLost(group, attempt);
        this.#track(end.then((outcomes) => this.#conclude(group, outcomes)));
      },
    };
  }

  async #onClaimed(claimed: readonly Claimed[], limits: ClaimLimits): Promise<void> {
    const { planner } = this.#deps;
    const max = this.#options.concurrency.maxRecipientsPerAttempt;
    const byLane = new Map<LaneKey, number>();
    for (const { recipients } of claimed) {
      for (const { lane } of recipients) byLane.set(lane, (byLane.get(lane) ?? 0) + 1);
      this.#scheduler.demand.reserve(recipients.length);
    }
    const groups = claimed.flatMap((each) => groupClaimed(each, planner, max));
    // Half of the room is left for what is accepted meanwhile.
    const [begun, contents] = await Promise.all([
      beginAhead(groups, this.#deps),
      readAhead(claimed, this.#cache.freeBytes / 2, this.#deps),
    ]);
    this.#cache.keepRead(begun, contents);
    this.#take(begun);
    this.#scheduler.demand.claimed(byLane, limits);
    this.#next();
  }

  /** Lets groups wait for their turn, or tells them that there will be none now. */
  #take(groups: readonly Group[]): void {
    const now = this.#deps.clock.now();
    const untils = new Map<LaneKey, number>();
    const resting: Group[] = [];
    for (const group of groups) {
      const superseded = this.#keeper.supersedes(group, now);
      this.#keeper.add(group);
      if (this.#stopping || superseded) {
        this.#giveBack(group, SOON_MS);
        continue;
      }
      const until = this.#scheduler.admit(group, now);
      if (until === undefined) continue;
      untils.set(group.lane, until);
      resting.push(group);
    }
    if (resting.length === 0) return;
    const lanes = [...untils].map(([lane, until]) => ({ lane, until }));
    this.#track(this.#leaveAlone({ lanes, groups: resting }, RESTING));
  }

  /** Starts whatever may start. */
  #next(): void {
    if (this.#stopping) return;
    const now = this.#deps.clock.now();
    for (let group = this.#scheduler.next(now); group !== undefined;) {
      this.#track(this.#run(group));
      group = this.#scheduler.next(now);
    }
    for (const held of this.#scheduler.takeHeld()) {
      this.#track(this.#leaveAlone(held, heldBack(held.exhausted)));
    }
    this.#awaitRoom(now);
    this.#notes.poke();
    this.#supply.poke();
  }

  /** Sets the alarm for the first lane that waits in memory for its allowance. */
  #awaitRoom(now: number): void {
    const at = this.#scheduler.nextRoomAt;
    if (at === this.#roomAt) return;
    this.#roomAlarm?.cancel();
    this.#roomAt = at;
    if (at === undefined) return;
    this.#roomAlarm = this.#deps.clock.after(Math.max(0, at - now), () => {
      this.#roomAt = undefined;
      this.#next();
    });
  }

  async #run(group: Group): Promise<void> {
    const attempt = this.#attemptOf(group, this.#recorder.contentOf(group));
    const place = this.#running.add(attempt);
    this.#abortWhenLost(group, attempt);
    const outcomes = await this.#outcomes(group, attempt);
    this.#attemptEnded(group, place, outcomes);
    if (outcomes === undefined) this.#giveBack(group, SOON_MS);
    else await this.#conclude(group, outcomes);
  }

  #attemptOf(group: Group, content: MailContent): RunningAttempt {
    return new RunningAttempt(group, content, {
      ...this.#deps,
      attemptTimeoutMs: this.#options.attemptTimeoutMs,
      abortGraceMs: ABORT_GRACE_MS,
    });
  }

  #abortWhenLost(group: Group, attempt: RunningAttempt): void {
    this.#keeper.onLost(group, () => attempt.abort(new DOMException('lease lost', 'AbortError')));
  }

  /** Frees the slot, and starts whoever may use it. */
  #attemptEnded(
    group: Group,
    place: Place<RunningAttempt>,
    outcomes: readonly RecipientOutcome[] | undefined,
  ): void {
    this.#running.remove(place);
    const judgement = judgementOf(outcomes ?? []);
    const rested = this.#scheduler.ended(group, judgement, this.#deps.clock.now());
    if (rested.lanes.length > 0) this.#track(this.#leaveAlone(rested, whyResting(outcomes)));
    this.#next();
  }

  async #conclude(group: Group, outcomes: readonly RecipientOutcome[]): Promise<void> {
    try {
      await this.#recorder.record(group, outcomes, true);
    } finally {
      this.#finish(group);
    }
  }

  /** Begins and transmits; `undefined`: it never began. */
  async #outcomes(
    group: Group,
    attempt: RunningAttempt,
  ): Promise<readonly RecipientOutcome[] | undefined> {
    if (this.#keeper.isLost(group)) return undefined;
    try {
      if (!(await attempt.begin())) return undefined;
    } catch (error) {
      this.#deps.logger.error(
        { event: 'begin-failed', queueId: group.message.id, err: error },
        'An attempt could not be begun',
      );
      return undefined;
    }
    return attempt.isAborted ? undefined : attempt.transmit();
  }

  /**
   * Writes down that groups could not go because their lane rests. As long as that is news to
   * somebody, who expires or is told of the delay, the lane may still be claimed, so that the next
   * page comes to be told; then it rests in the store as well.
   */
  async #leaveAlone({ lanes, groups }: Rested, why: Delayed): Promise<void> {
    const news = new Set<LaneKey>();
    const write = async (group: Group): Promise<void> => {
      const outcomes = group.recipients.map((recipient) => lastWords(recipient, why));
      try {
        const recorded = await this.#recorder.record(group, outcomes, false);
        if (recorded.news) news.add(group.lane);
      } finally {
        this.#finish(group);
      }
    };
    await Promise.all(groups.map(write));
    const quiet = lanes.filter(({ lane }) => !news.has(lane));
    await Promise.all(quiet.map(({ lane, until }) => this.#defer(lane, until)));
    this.#supply.expectMore(); // who waited made room, and may not have been all
  }

  async #defer(lane: LaneKey, until: number): Promise<void> {
    this.#scheduler.demand.quiet(lane);
    try {
      await this.#deps.store.deferLane(lane, until);
    } catch (error) {
      this.#deps.logger.warn({ event: 'defer-failed', lane, err: error }, 'A lane cannot rest');
    }
  }

  /** Ends the leases of what never began; when we stop, it is due at once for who comes next. */
  #giveBack(group: Group, afterMs: number): void {
    const dueAt = this.#deps.clock.now() + (this.#stopping ? 0 : afterMs);
    this.#track(this.#recorder.giveBack(group, dueAt).finally(() => this.#finish(group)));
  }

  #finish(group: Group): void {
    this.#keeper.remove(group);
    this.#cache.done(group);
    this.release(group.recipients.length);
  }

  #track(task: Promise<void>): void {
    this.#tasks.add(task).catch((error: unknown) => {
      this.#deps.logger.error({ event: 'dispatch-fault', err: error }, 'A fault in the queue');
    });
  }

  /** Resolves when no attempt is in flight, or when there is no more time. */
  async #drained(drainMs: number): Promise<void> {
    if (this.#tasks.isNone) return;
    const late = Promise.withResolvers<void>();
    const timer = this.#deps.clock.after(drainMs, late.resolve);
    await Promise.race([this.#tasks.none(), late.promise]);
    timer.cancel();
  }
}
