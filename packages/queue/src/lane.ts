/**
 * What is remembered of a lane and of a site while they matter, and the register
 * of both.
 *
 * The register is bounded: past its limit, lanes that are idle are forgotten,
 * healthy ones first. A forgotten lane starts anew; that it rests, the store knows
 * as well.
 */
import { openWindow } from './concurrency-window.ts';
import type { ConcurrencyWindow } from './concurrency-window.ts';
import { healthAt, WELL } from './health.ts';
import type { Health } from './health.ts';
import type { LaneKey, SiteKey } from './record.ts';
import { Pace } from './pacing.ts';
import type { AllowanceKey, RoutePlan } from './route.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface Lane {
  readonly key: LaneKey;
  readonly site: Site;
  readonly own: boolean;
  readonly allowances: readonly AllowanceKey[];
  readonly room: WaitingRoom;
  window: ConcurrencyWindow;
  health: Health;
  /** Until when an allowance of the lane's is used up; 0 where none is. */
  heldUntil: number;
  inFlight: number;
  /** The store may have more of it that is due. */
  backlog: boolean;
}

export interface Site {
  readonly key: SiteKey;
  readonly maxAttempts: number;
  readonly lanes: Set<Lane>;
  /** Lanes that could go on if the site had room. */
  readonly blocked: Set<Lane>;
  health: Health;
  readonly pace: Pace;
  /** Until when its own allowance is used up; 0 where it is not. */
  heldUntil: number;
  inFlight: number;
  /** Left out of claims until it has room again, or until its rest is over. */
  excluded: boolean;
}

const MAX_LANES = 20_000;

export interface LaneRules {
  /** How many attempts a lane begins with. */
  initial(own: boolean): number;
  /** How many attempts a site may have. */
  siteLimit(site: SiteKey, own: boolean): number;
}

export class LaneRegister {
  readonly #rules: LaneRules;
  readonly #lanes = new Map<LaneKey, Lane>();
  readonly #sites = new Map<SiteKey, Site>();

  constructor(rules: LaneRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#lanes.size;
  }

  lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  sites(): Iterable<Site> {
    return this.#sites.values();
  }

  /** The earliest end of a site's rest. */
  nextRestEnd(now: number): number | undefined {
    let earliest: number | undefined;
    for (const site of this.#sites.values()) {
      const until = siteRestsUntil(site, now);
      if (until !== undefined) earliest = Math.min(earliest ?? until, until);
    }
    return earliest;
  }

  find(key: LaneKey): Lane | undefined {
    return this.#lanes.get(key);
  }

  findSite(key: SiteKey): Site | undefined {
    return this.#sites.get(key);
  }

  /** The lane, made where it is not known. */
  use(plan: RoutePlan): Lane {
    const known = this.#lanes.get(plan.lane);
    if (known !== undefined) {
      // A lane whose site has changed moves when it is idle.
      if (known.site.key === plan.site || !isIdle(known)) return known;
      this.#forget(known);
    }
    this.#makeRoom();
    const own = plan.own ?? false;
    const site = this.#site(plan.site, own);
    const lane: Lane = {
      key: plan.lane,
      site,
      own,
      allowances: plan.allowances ?? [],
      room: new WaitingRoom(),
      window: known?.window ?? openWindow(this.#rules.initial(own)),
      health: known?.health ?? WELL,
      heldUntil: known?.heldUntil ?? 0,
      inFlight: 0,
      backlog: false,
    };
    this.#lanes.set(lane.key, lane);
    site.lanes.add(lane);
    return lane;
  }

  #site(key: SiteKey, own: boolean): Site {
    const known = this.#sites.get(key);
    if (known !== undefined) return known;
    const site: Site = {
      key,
      maxAttempts: this.#rules.siteLimit(key, own),
      lanes: new Set(),
      blocked: new Set(),
      health: WELL,
      pace: new Pace(),
      heldUntil: 0,
      inFlight: 0,
      excluded: false,
    };
    this.#sites.set(key, site);
    return site;
  }

  #makeRoom(): void {
    if (this.#lanes.size < MAX_LANES) return;
    // A tenth at once, so that the walk over busy ones is not made for every new lane; those first
    // of whom nothing is to be remembered.
    const surplus = Math.ceil(MAX_LANES / 10);
    const idle = [...this.#lanes.values()].filter(isIdle);
    const well = idle.filter(({ health }) => health.kind === 'well');
    const ill = idle.filter(({ health }) => health.kind !== 'well');
    for (const lane of [...well, ...ill].slice(0, surplus)) this.#forget(lane);
  }

  #forget(lane: Lane): void {
    this.#lanes.delete(lane.key);
    lane.site.lanes.delete(lane);
    lane.site.blocked.delete(lane);
    if (lane.site.lanes.size === 0) this.#sites.delete(lane.site.key);
  }
}

/** When the lane may go again, where it rests or is held back now, by itself or with its site. */
export function restsUntil(lane: Lane, now: number): number | undefined {
  lane.health = healthAt(lane.health, now);
  lane.site.health = healthAt(lane.site.health, now);
  const until = Math.max(
    endOf(lane.health),
    endOf(lane.site.health),
    lane.heldUntil,
    lane.site.heldUntil,
  );
  return until > now ? until : undefined;
}

/** When the site may go again, where it rests or is held back now. */
export function siteRestsUntil(site: Site, now: number): number | undefined {
  const until = Math.max(endOf(site.health), site.heldUntil);
  return until > now ? until : undefined;
}

function endOf(health: Health): number {
  return health.kind === 'resting' ? health.until : 0;
}

function isIdle(lane: Lane): boolean {
  return lane.inFlight === 0 && lane.room.recipients === 0;
}
