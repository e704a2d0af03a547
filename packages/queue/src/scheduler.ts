/**
 * Who goes next: the index in memory over what is under lease. Pure but for its
 * own state: it does no I/O and knows no clock, so a test can drive it through years.
 *
 * Bounded whatever the backlog: the store is the truth, and only so many recipients
 * are here. Three rules keep one destination from taking what all need:
 * - lanes take turns, each with one attempt;
 * - no lane may have more attempts than are free in all, a last quarter of the slots left out for
 *   lanes that have none, nor more waiting than a sixteenth of what is free (dynamic thresholds, as
 *   switches share their buffers): however many slow lanes there are, the next one finds room;
 * - a lane or site that rests, or whose allowance is used up for long, has nothing here at all.
 *
 * The life of a group: reserve (in `demand`) → admit → next → ended → release.
 */
import { grownWindow, openWindow, shrunkWindow } from './concurrency-window.ts';
import { Demand } from './demand.ts';
import type { Group } from './group.ts';
import type { Exhausted } from './allowances.ts';
import { awake, restedFor, troubled, WELL } from './health.ts';
import { HeldLanes } from './held-lanes.ts';
import type { Held, Rested } from './held-lanes.ts';
import type { Judgement } from './judgement.ts';
import { LaneRegister, restsUntil, siteRestsUntil } from './lane.ts';
import type { Lane, Site } from './lane.ts';
import { initialAttempts, maxAttempts, restRule, siteLimit } from './lane-limits.ts';
import { enoughIn, laneRoom } from './lane-room.ts';
import type { ResolvedConcurrency } from './options.ts';
import { Pacing } from './pacing.ts';
import type { LaneKey, Priority, SiteKey } from './record.ts';
import type { RoutePlan, RoutePlanner } from './route.ts';
import { shapedAlone, siteStanding } from './site-standing.ts';
import type { SiteStanding } from './site-standing.ts';

/** What a sender may always have waiting in a lane that is full of others. */
const SENDER_SHARE = 10;
const NOTHING_RESTED: Rested = { lanes: [], groups: [] };

export class Scheduler {
  readonly #limits: ResolvedConcurrency;
  readonly #register: LaneRegister;
  readonly pacing: Pacing;
  /** What may come under lease, and what the store is asked for. */
  readonly demand: Demand;
  /** Lanes that may have something to start, in the order of their turns. */
  readonly #ready = new Set<Lane>();
  readonly #held = new HeldLanes();
  #attempts = 0;
  #waiting = 0;
  /** Slots for lanes that have no attempt under way. */
  readonly #newcomers: number;

  constructor(limits: ResolvedConcurrency, planner: RoutePlanner) {
    this.#limits = limits;
    this.pacing = new Pacing(planner);
    this.#newcomers = Math.floor(limits.maxAttempts / 4);
    this.#register = new LaneRegister({
      initial: (own) => initialAttempts({ own }, limits),
      siteLimit: (site, own) =>
        planner.limits?.(site).maxAttempts ?? (own ? limits.ownPerLane : limits.maxPerSite),
    });
    this.demand = new Demand(limits.maxActiveRecipients, this.#register, this.pacing);
  }

  get activity(): {
    readonly attempts: number;
    readonly waiting: number;
    readonly lanes: number;
    readonly restingSites: number;
  } {
    let restingSites = 0;
    for (const site of this.#register.sites()) if (site.health.kind === 'resting') restingSites++;
    return {
      attempts: this.#attempts,
      waiting: this.#waiting,
      lanes: this.#register.size,
      restingSites,
    };
  }

  /** Whether recipients that were just accepted may be leased at once, passing by the store's order. */
  mayReserve(
    plan: RoutePlan,
    message: { sender: string; priority: Priority },
    now: number,
  ): boolean {
    const { free } = this.demand;
    if (free <= 0) return false;
    const lane = this.#register.find(plan.lane);
    if (lane === undefined) return !this.#isSiteResting(plan.site, now);
    if (restsUntil(lane, now) !== undefined) return false;
    const room = laneRoom(free);
    // What is in the store has waited longer: leave half of the room to it.
    if (lane.room.recipients < (lane.backlog ? room / 2 : room)) return true;
    lane.backlog = true;
    return (
      lane.room.recipients < 2 * room &&
      lane.room.ofSender(message.sender, message.priority) < SENDER_SHARE
    );
  }

  /** Lets a reserved group wait for its turn. @returns until when it cannot go, where its lane rests */
  admit(group: Group, now: number): number | undefined {
    const lane = this.#register.use(group);
    const until = restsUntil(lane, now);
    if (until !== undefined) return until;
    lane.room.push(group);
    this.#waiting += group.recipients.length;
    this.#ready.add(lane);
    return undefined;
  }

  /** Starts a reserved group's attempt now, where nobody waits before it and nothing holds it back. */
  startAtOnce(group: Group, now: number): boolean {
    const lane = this.#register.use(group);
    const { site } = lane;
    const free = this.#limits.maxAttempts - this.#attempts;
    const mayStart =
      lane.room.recipients === 0 &&
      site.blocked.size === 0 &&
      lane.inFlight < Math.min(this.#laneLimit(lane, now), Math.max(1, free - this.#newcomers)) &&
      site.inFlight < siteLimit(site, this.pacing, now) &&
      free > 0 &&
      this.pacing.exhausted(lane, group, now) === undefined;
    if (mayStart) this.#started(lane, group, now);
    return mayStart;
  }

  /** Takes out the group whose turn it is, as an attempt; `undefined`: nothing may start now. */
  next(now: number): Group | undefined {
    this.#held.wakeInto(this.#ready, now);
    for (const lane of this.#ready) {
      const free = this.#limits.maxAttempts - this.#attempts;
      if (free <= 0) return undefined;
      if (lane.room.recipients === 0 || lane.inFlight >= this.#laneLimit(lane, now)) {
        this.#ready.delete(lane); // its own next end or admission brings it back
        continue;
      }
      if (lane.site.inFlight >= siteLimit(lane.site, this.pacing, now)) {
        this.#ready.delete(lane);
        lane.site.blocked.add(lane);
        continue;
      }
      if (lane.inFlight > 0 && lane.inFlight >= free - this.#newcomers) continue;
      const head = lane.room.peek();
      const exhausted = head && this.pacing.exhausted(lane, head, now);
      if (exhausted === undefined) return this.#start(lane, now);
      this.#hold(lane, exhausted, now);
    }
    return undefined;
  }

  /** What was held back since it was last asked: its allowance has room again in a long time only. */
  takeHeld(): readonly Held[] {
    return this.#held.takeSentBack();
  }

  /** When the first lane that waits here has room again. */
  get nextRoomAt(): number | undefined {
    return this.#held.nextRoomAt;
  }

  /** An attempt has ended, and this is what it says. Its leases go on until `release`. */
  ended(group: Group, judgement: Judgement, now: number): Rested {
    this.#attempts -= 1;
    const lane = this.#register.find(group.lane);
    if (lane === undefined) return NOTHING_RESTED; // cannot be: a busy lane is never forgotten
    lane.inFlight -= 1;
    lane.site.inFlight -= 1;
    const rested = this.#learn(lane, judgement, now);
    if (lane.room.recipients > 0) this.#ready.add(lane);
    this.#unblock(lane.site, now);
    return rested;
  }

  /** Ends the rest of these lanes and their sites: their next attempt is a probe. */
  wake(lanes: Iterable<LaneKey>): void {
    for (const key of lanes) {
      const lane = this.#register.find(key);
      if (lane === undefined) continue;
      lane.health = awake(lane.health);
      lane.site.health = awake(lane.site.health);
    }
  }

  /** Takes out everything that waits. */
  drain(): readonly Group[] {
    return [...this.#register.lanes()].flatMap((lane) => this.#drainLane(lane));
  }

  /** Every site that is known, and how much it may have. */
  *sites(now: number): Iterable<SiteStanding> {
    for (const site of this.#register.sites()) yield siteStanding(site, this.pacing, now);
    for (const key of this.pacing.shapedSites()) {
      if (this.#register.findSite(key) === undefined) yield shapedAlone(key, this.pacing, now);
    }
  }

  #start(lane: Lane, now: number): Group | undefined {
    const group = lane.room.shift();
    if (group === undefined) return undefined;
    this.#started(lane, group, now);
    this.#ready.delete(lane); // behind all others
    if (lane.room.recipients > 0) this.#ready.add(lane);
    this.#waiting -= group.recipients.length;
    if (lane.backlog && lane.room.recipients < enoughIn(laneRoom(this.demand.free))) {
      this.demand.expectMore();
    }
    return group;
  }

  #started(lane: Lane, group: Group, now: number): void {
    this.pacing.started(lane, group, now);
    this.#attempts += 1;
    lane.inFlight += 1;
    lane.site.inFlight += 1;
  }

  #learn(lane: Lane, judgement: Judgement, now: number): Rested {
    const resting = restsUntil(lane, now) !== undefined;
    const { site } = lane;
    if (judgement.kind === 'answered') {
      this.pacing.answered(site, now);
      if (lane.health.kind !== 'well')
        lane.window = openWindow(initialAttempts(lane, this.#limits));
      else lane.window = grownWindow(lane.window, maxAttempts(lane, this.#limits));
      lane.health = WELL;
      site.health = WELL;
      // An attempt that began before the rest says that it was called too early.
      const early = resting && restsUntil(lane, now) === undefined;
      return early ? { lanes: [{ lane: lane.key, until: now }], groups: [] } : NOTHING_RESTED;
    }
    const trouble = judgement.kind === 'trouble' ? judgement : undefined;
    if (trouble?.overload === true) this.pacing.overloaded(site, site.inFlight + 1, now);
    const probing = lane.health.kind === 'probing' || site.health.kind === 'probing';
    const rule = restRule(lane, this.#limits);
    if (trouble?.restMs !== undefined) {
      const restMs = Math.min(trouble.restMs, rule.maxRestMs);
      lane.health = restedFor(lane.health, restMs, now, rule);
      site.health = restedFor(site.health, restMs, now, rule);
      return this.#rested(lane, now);
    }
    if (resting || (judgement.kind === 'unknown' && !probing)) return NOTHING_RESTED;
    const cohort = Math.max(this.#limits.initialPerLane, site.inFlight + 1);
    const laneCohort = lane.own ? this.#limits.initialPerLane : lane.window.size;
    lane.health = troubled(lane.health, laneCohort, now, rule);
    site.health = troubled(site.health, cohort, now, rule);
    if (!lane.own) lane.window = shrunkWindow(lane.window);
    return this.#rested(lane, now);
  }

  /** What rests since the last answer, taken out of the room. */
  #rested(lane: Lane, now: number): Rested {
    if (restsUntil(lane, now) === undefined) return NOTHING_RESTED;
    const siteRests = siteRestsUntil(lane.site, now) !== undefined;
    const candidates = siteRests ? [...lane.site.lanes] : [lane];
    const stopped = candidates.filter((each) => each === lane || each.room.recipients > 0);
    return {
      lanes: stopped.map((each) => ({ lane: each.key, until: restsUntil(each, now) ?? now })),
      groups: stopped.flatMap((each) => this.#drainLane(each)),
    };
  }

  /** As many lanes as the site has room for may go on. */
  #unblock(site: Site, now: number): void {
    let room = siteLimit(site, this.pacing, now) - site.inFlight;
    if (room <= 0) return;
    for (const lane of site.blocked) {
      if (room <= 0) return; // and whoever else is of this site need not be asked for
      site.blocked.delete(lane);
      this.#ready.add(lane);
      room -= 1;
    }
    if (!site.excluded) return;
    site.excluded = false;
    this.demand.expectMore();
  }

  #drainLane(lane: Lane): readonly Group[] {
    this.#waiting -= lane.room.recipients;
    this.#ready.delete(lane);
    this.#held.forget(lane);
    lane.site.blocked.delete(lane);
    return lane.room.drain();
  }

  /** Lets a lane wait until its allowance has room: here, or for long in the store. */
  #hold(lane: Lane, exhausted: Exhausted, now: number): void {
    this.#ready.delete(lane);
    const { key, until } = exhausted;
    if (this.#held.wait(lane, until, now)) return;
    // Now and then who waits must be looked at: it may expire, or its author be told of the delay.
    const heldUntil = Math.min(until, now + this.#limits.maxRestMs);
    (key === lane.site.key ? lane.site : lane).heldUntil = heldUntil;
    this.#held.sendBack({ ...this.#rested(lane, now), exhausted });
  }

  /** How many attempts the lane may have. */
  #laneLimit(lane: Lane, now: number): number {
    if (restsUntil(lane, now) !== undefined) return 0;
    return lane.health.kind === 'probing' ? 1 : lane.window.size;
  }

  #isSiteResting(key: SiteKey, now: number): boolean {
    const site = this.#register.findSite(key);
    return site !== undefined && siteRestsUntil(site, now) !== undefined;
  }
}
