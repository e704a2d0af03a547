/**
 * What the store is to be asked for: how much may still come under lease, and which lanes and
 * sites can use it. Pure but for its own state.
 *
 * A lane that has enough waiting and a site that is full are left out of a claim, so that what is
 * found can go. Whoever makes room for what was left out says so; until then nothing is claimed.
 */
import type { LaneRegister, Site } from './lane.ts';
import { siteLimit } from './lane-limits.ts';
import { enoughIn, laneRoom } from './lane-room.ts';
import type { Pacing } from './pacing.ts';
import type { LaneKey, SiteKey } from './record.ts';
import type { ClaimRequest } from './store.ts';

/** The part of a claim that is a decision. */
export type ClaimLimits = Omit<ClaimRequest, 'owner' | 'now' | 'leaseUntil' | 'onlyLanes'>;

export class Demand {
  readonly #maxActive: number;
  readonly #register: LaneRegister;
  readonly #pacing: Pacing;
  /** Recipients under lease, reserved ones included. */
  #active = 0;
  #wantsClaim = true;

  constructor(maxActive: number, register: LaneRegister, pacing: Pacing) {
    this.#maxActive = maxActive;
    this.#register = register;
    this.#pacing = pacing;
  }

  /** Recipients that may still come under lease. */
  get free(): number {
    return this.#maxActive - this.#active;
  }

  /** These are under lease, or will be. */
  reserve(recipients: number): void {
    this.#active += recipients;
  }

  /** Their leases have ended. */
  release(recipients: number): void {
    this.#active -= recipients;
  }

  /** Whether the store should be asked: there is room, and there may be something for it. */
  get wantsClaim(): boolean {
    return this.#wantsClaim && this.free >= this.#maxActive / 8;
  }

  /** Something may have become due, or may go that was left out. */
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
        this.#isFull(site, now) || (site.excluded && siteLimit(site, this.#pacing, now) === 0);
      if (site.excluded) excludeSites.push(site.key);
    }
    return { excludeLanes, excludeSites };
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

  /** A resting lane has nobody left who must be told something: its site need not be asked for. */
  quiet(lane: LaneKey): void {
    const site = this.#register.find(lane)?.site;
    // A site of one lane is left alone by letting the lane rest in the store.
    const rests = site !== undefined && (site.health.kind === 'resting' || site.heldUntil > 0);
    if (rests && site.lanes.size > 1) site.excluded = true;
  }

  /** The earliest end of a site's rest. */
  nextRestEnd(now: number): number | undefined {
    return this.#register.nextRestEnd(now);
  }

  /** A site that has all it can use, and lanes that wait for it. */
  #isFull(site: Site, now: number): boolean {
    return site.blocked.size > 0 && site.inFlight >= siteLimit(site, this.#pacing, now);
  }
}
