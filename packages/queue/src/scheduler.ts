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
 * The life of a group: reserve → admit → next → ended → release.
 */
import { grownWindow, openWindow, shrunkWindow } from './concurrency-window.ts';
import type { Group } from './group.ts';
import type { Exhausted } from './allowances.ts';
import { awake, restedFor, troubled, WELL } from './health.ts';
import { HeldLanes } from './held-lanes.ts';
import type { Held, Rested } from './held-lanes.ts';
import type { Judgement } from './judgement.ts';
import { LaneRegister, restsUntil, siteRestsUntil } from './lane.ts';
import type { Lane, Site } from './lane.ts';
import { initialAttempts, maxAttempts, restRule } from './lane-limits.ts';
import { enoughIn, laneRoom } from './lane-room.ts';
import type { ResolvedConcurrency } from './options.ts';
import { Pacing } from './pacing.ts';
import type { LaneKey, Priority, SiteKey } from './record.ts';
import type { RoutePlan, RoutePlanner } from './route.ts';
import { shapedAlone, siteStanding } from './site-standing.ts';
import type { SiteStanding } from './site-standing.ts';
import type { ClaimRequest } from './store.ts';

/** The part of a claim that is a decision. */
export type ClaimLimits = Omit<ClaimRequest, 'owner' | 'now' | 'leaseUntil' | 'onlyLanes'>;

/** What a sender may always have waiting in a lane that is full of others. */
const SENDER_SHARE = 10;
const NOTHING_RESTED: Rested = { lanes: [], groups: [] };

export class Scheduler {
  readonly #limits: ResolvedConcurrency;
  readonly #register: LaneRegister;
  readonly pacing: Pacing;
  /** Lanes that may have something to start, in the order of their turns. */
  readonly #ready = new Set<Lane>();
  readonly #held = new HeldLanes();
  /** Recipients under lease, reserved ones included. */
  #active = 0;
  #attempts = 0;
  #waiting = 0;
  #wantsClaim = true;
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

  /** Recipients that may still come under lease. */
  get free(): number {
    return this.#limits.maxActiveRecipients - this.#active;
  }

  /** Whether recipients that were just accepted may be leased at once, passing by the store's order. */
  mayReserve(
    plan: RoutePlan,
    message: { sender: string; priority: Priority },
    now: number,
  ): boolean {
    if (this.free <= 0) return false;
    const lane = this.#register.find(plan.lane);
    if (lane === undefined) return !this.#isSiteResting(plan.site, now);
    if (restsUntil(lane, now) !== undefined) return false;
    const room = laneRoom(this.free);
    // What is in the store has waited longer: leave half of the room to it.
    if (lane.room.recipients < (lane.backlog ? room / 2 : room)) return true;
    lane.backlog = true;
    return (
      lane.room.recipients < 2 * room &&
      lane.room.ofSender(message.sender, message.priority) < SENDER_SHARE
    );
  }

  reserve(recipients: number): void {
    this.#active += recipients;
  }

  /** The group's leases have ended. */
  release(recipients: number): void {
    this.#active -= recipients;
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
      site.inFlight < this.#siteLimit(site, now) &&
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
      if (lane.site.inFlight >= this.#siteLimit(lane.site, now)) {
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

  /** Whether the store should be asked: there is room, and there may be something for it. */
  get wantsClaim(): boolean {
    return this.#wantsClaim && this.free >= this.#limits.maxActiveRecipients / 8;
  }

  /** Something may have become due. */
  expectMore(): void {
    this.#wantsClaim = true;
  }

  /** What to ask the store for. Taken as asked: `wantsClaim` is false until something changes. */
  claimLimits(now: number): ClaimLimits {
    this.#wantsClaim = false;
    // A part of what is free at a time, so that the first lanes that are found leave room to others.
    const limit = Math.max(1, Math.floor(this.free / 4));
    return { limit, perLaneLimit: laneRoom(this.free), ...this.exclusions(now) };
  }

  /** What need not be asked for: lanes that have enough waiting, and sites that can take no more. */
  exclusions(now: number): Pick<ClaimLimits, 'excludeLanes' | 'excludeSites'> {
    const enough = enoughIn(laneRoom(this.free));
    const excludeLanes: LaneKey[] = [];
    for (const lane of this.#register.lanes()) {
      lane.backlog = lane.room.recipients >= enough;
      if (lane.backlog) excludeLanes.push(lane.key);
    }
    const excludeSites: SiteKey[] = [];
    for (const site of this.#register.sites()) {
      site.excluded =
        this.#isFull(site, now) || (site.excluded && this.#siteLimit(site, now) === 0);
      if (site.excluded) excludeSites.push(site.key);
    }
    return { excludeLanes, excludeSites };
  }

  /** A resting lane has nobody left who must be told something: its site need not be asked for. */
  quiet(lane: LaneKey): void {
    const site = this.#register.find(lane)?.site;
    // A site of one lane is left alone by letting the lane rest in the store.
    const rests = site !== undefined && (site.health.kind === 'resting' || site.heldUntil > 0);
    if (rests && site.lanes.size > 1) site.excluded = true;
  }

  /** How many recipients of each lane a claim with these limits gave. */
  claimed(byLane: ReadonlyMap<LaneKey, number>, limits: ClaimLimits): void {
    let sum = 0;
    for (const [key, count] of byLane) {
      sum += count;
      if (count < limits.perLaneLimit) continue;
      const lane = this.#register.find(key);
      if (lane !== undefined) lane.backlog = true;
    }
    if (sum >= limits.limit) this.#wantsClaim = true;
  }

  /** The earliest end of a site's rest. */
  nextRestEnd(now: number): number | undefined {
    return this.#register.nextRestEnd(now);
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
    if (lane.backlog && lane.room.recipients < enoughIn(laneRoom(this.free))) {
      this.#wantsClaim = true;
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
    let room = this.#siteLimit(site, now) - site.inFlight;
    if (room <= 0) return;
    for (const lane of site.blocked) {
      if (room <= 0) return; // and whoever else is of this site need not be asked for
      site.blocked.delete(lane);
      this.#ready.add(lane);
      room -= 1;
    }
    if (!site.excluded) return;
    site.excluded = false;
    this.#wantsClaim = true;
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

  /** How many attempts the site may have: none while it rests or is held back, one while it is probed. */
  #siteLimit(site: Site, now: number): number {
    if (siteRestsUntil(site, now) !== undefined) return 0;
    return site.health.kind === 'well' ? this.pacing.maxAttempts(site) : 1;
  }

  /** A site that has all it can use, and lanes that wait for it. */
  #isFull(site: Site, now: number): boolean {
    return site.blocked.size > 0 && site.inFlight >= this.#siteLimit(site, now);
  }
}
