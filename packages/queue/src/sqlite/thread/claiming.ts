/**
 * The commit thread's `claim`: which due recipients are leased.
 *
 * It goes through the ranks of priority (rules/precedence.ts); in each, sites take turns, and within a site its
 * tracks do. Each site first gives no more than one lane may, then what is left goes round
 * again. Only rows that are granted, and turns of what is excluded, are looked at.
 */
import type { DatabaseSync } from 'node:sqlite';
import { ranksInOrder } from '../../rules/precedence.ts';
import type { ClaimCall, CommitVerbs } from '../protocol.ts';
import { createClockGuard, createRestSweep } from './claim-upkeep.ts';
import { Grants } from './grants.ts';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';
import { RECIPIENT_COLUMNS } from './tables.ts';
import type { StoredRecipient, Tables } from './tables.ts';
import type { Track } from './tracks.ts';

/** A claim under way: what it may give, and what it has given. */
interface Claim {
  readonly call: ClaimCall;
  readonly excludeLanes: ReadonlySet<string>;
  readonly excludeSites: ReadonlySet<string>;
  readonly ofLane: Map<string, number>;
  readonly grants: Grants;
}

export function createClaim(database: DatabaseSync, tables: Tables): CommitVerbs['claim'] {
  const guardClock = createClockGuard(database, tables);
  const sweepRests = createRestSweep(database);
  const chooser = new Chooser(database, tables);
  const { now } = tables.counters;
  return (call) => {
    guardClock(call.now);
    sweepRests(call.now);
    tables.turns.settle();
    const claim: Claim = {
      call,
      excludeLanes: new Set(call.excludeLanes),
      excludeSites: new Set(call.excludeSites),
      ofLane: new Map(),
      grants: new Grants(tables, call.owner, call.leaseUntil),
    };
    for (const rank of ranksInOrder(now.claims)) {
      if (call.onlyLanes === undefined) chooser.fromAll(claim, rank);
      else chooser.fromLanes(claim, new Set(call.onlyLanes), rank);
    }
    if (claim.grants.count > 0) now.claims += 1;
    return claim.grants.rows();
  };
}

/** What a claim asks of the database. Each goes by an index, in its order: a test sees to it. */
export const CLAIM_SQL: Readonly<Record<'due' | 'dueSites' | 'dueTracks' | 'isDue', string>> = {
  dueSites: 'SELECT site FROM site_turn WHERE rank = ? AND at <= ? ORDER BY at, served_by LIMIT ?',
  dueTracks:
    'SELECT track FROM turn WHERE rank = ? AND site = ? AND at <= ? ORDER BY at, served_by LIMIT ?',
  isDue: 'SELECT 1 FROM turn WHERE track = ? AND rank = ? AND at <= ?',
  due: `SELECT ${RECIPIENT_COLUMNS} FROM recipient r
    WHERE r.track = ? AND r.rank = ? AND r.ready_at <= ?
    ORDER BY r.ready_at, r.message, r.idx LIMIT ?`,
};

class Chooser {
  readonly #tables: Tables;
  readonly #dueSites: Statement<{ readonly site: string }>;
  readonly #dueTracks: Statement<{ readonly track: number }>;
  readonly #isDue: Statement<unknown>;
  readonly #due: Statement<StoredRecipient>;

  constructor(database: DatabaseSync, tables: Tables) {
    this.#tables = tables;
    this.#dueSites = prepare(database, CLAIM_SQL.dueSites);
    this.#dueTracks = prepare(database, CLAIM_SQL.dueTracks);
    this.#isDue = prepare(database, CLAIM_SQL.isDue);
    this.#due = prepare(database, CLAIM_SQL.due);
  }

  fromAll(claim: Claim, rank: number): void {
    const { call, excludeSites, grants } = claim;
    if (grants.count >= call.limit) return;
    const sites = this.#dueSites
      .all(rank, call.now, call.limit - grants.count + excludeSites.size + maxIdle(claim))
      .filter(({ site }) => !excludeSites.has(site));
    for (const { site } of sites) this.#fromSite(claim, site, rank, call.perLaneLimit);
    if (grants.count >= call.limit) return;
    this.#tables.turns.settle();
    for (const { site } of sites) this.#fromSite(claim, site, rank, call.limit);
  }

  fromLanes(claim: Claim, lanes: ReadonlySet<string>, rank: number): void {
    const { call, excludeSites, grants } = claim;
    for (const lane of lanes) {
      for (const track of this.#tables.tracks.ofLane(lane)) {
        if (excludeSites.has(track.site)) continue;
        if (this.#isDue.get(track.id, rank, call.now) === undefined) continue;
        this.#fromTrack(claim, track, rank, call.limit - grants.count);
      }
    }
  }

  #fromSite(claim: Claim, site: string, rank: number, most: number): void {
    const { call, grants } = claim;
    let left = Math.min(most, call.limit - grants.count);
    for (const { track } of this.#dueTracks.all(rank, site, call.now, left + maxIdle(claim))) {
      if (left <= 0) return;
      left -= this.#fromTrack(claim, this.#tables.tracks.of(track), rank, left);
    }
  }

  /** Grants from one track; answers how many. */
  #fromTrack(claim: Claim, track: Track, rank: number, most: number): number {
    const { call, ofLane, grants } = claim;
    const taken = ofLane.get(track.lane) ?? 0;
    const room = Math.min(most, call.perLaneLimit - taken);
    if (room <= 0 || claim.excludeLanes.has(track.lane)) return 0;
    const { turns, counters } = this.#tables;
    const found = this.#due.all(track.id, rank, call.now, room);
    for (const stored of found) grants.add(stored);
    if (found.length > 0) turns.serve(track, rank, call.now, counters.now.claims + 1);
    ofLane.set(track.lane, taken + found.length);
    return found.length;
  }
}

/** Lanes that stand in front and give nothing: excluded ones, and those that have had their share. */
function maxIdle({ excludeLanes, ofLane }: Claim): number {
  return excludeLanes.size + ofLane.size;
}
