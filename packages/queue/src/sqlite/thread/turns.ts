/**
 * Whose turn it is: the two small tables above the recipients that a claim looks into first
 * (migration 1 says what they hold).
 *
 * Whoever changes when a recipient is ready says `touch`; `settle` then makes the rows exact,
 * once for each track and rank and not once for each recipient. It must have been called
 * before anybody reads them, and before the commit.
 */
import type { DatabaseSync } from 'node:sqlite';
import { PRIORITY_RANKS } from '../../rules/priority-ranks.ts';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';
import type { Track, Tracks } from './tracks.ts';

/** Later than any time: the latest that a Date can hold. */
export const NEVER = 8_640_000_000_000_000;

/** Ranks of priority, best first. */
export const RANKS: readonly number[] = Object.values(PRIORITY_RANKS);

interface Turn {
  readonly at: number;
  readonly servedAt: number;
}

type FirstAt = { readonly at: number };

export class Turns {
  readonly #tracks: Tracks;
  /** Tracks by rank. */
  readonly #touched: readonly Set<number>[] = RANKS.map(() => new Set<number>());
  readonly #touchedSites: readonly Set<string>[] = RANKS.map(() => new Set<string>());
  readonly #restOf: Statement<{ readonly until: number }>;
  readonly #firstOfTrack: Statement<FirstAt>;
  readonly #turn: Statement<Turn>;
  readonly #putTurn: Statement<never>;
  readonly #dropTurn: Statement<never>;
  readonly #anyTurn: Statement<unknown>;
  readonly #firstOfSite: Statement<FirstAt>;
  readonly #siteTurn: Statement<Turn>;
  readonly #putSiteTurn: Statement<never>;
  readonly #dropSiteTurn: Statement<never>;
  readonly #serveTrack: Statement<never>;
  readonly #serveSite: Statement<never>;

  constructor(database: DatabaseSync, tracks: Tracks) {
    this.#tracks = tracks;
    this.#restOf = prepare(database, 'SELECT until FROM lane_rest WHERE lane = ?');
    this.#firstOfTrack = prepare(
      database,
      'SELECT ready_at AS at FROM recipient WHERE track = ? AND rank = ? ORDER BY ready_at LIMIT 1',
    );
    this.#turn = prepare(
      database,
      'SELECT at, served_at AS servedAt FROM turn WHERE track = ? AND rank = ?',
    );
    this.#putTurn = prepare(
      database,
      `INSERT INTO turn VALUES (?, ?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET at = excluded.at`,
    );
    this.#dropTurn = prepare(database, 'DELETE FROM turn WHERE track = ? AND rank = ?');
    this.#anyTurn = prepare(database, 'SELECT 1 FROM turn WHERE track = ? LIMIT 1');
    this.#firstOfSite = prepare(
      database,
      'SELECT at FROM turn WHERE rank = ? AND site = ? ORDER BY at LIMIT 1',
    );
    this.#siteTurn = prepare(
      database,
      'SELECT at, served_at AS servedAt FROM site_turn WHERE site = ? AND rank = ?',
    );
    this.#putSiteTurn = prepare(
      database,
      `INSERT INTO site_turn VALUES (?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET at = excluded.at`,
    );
    this.#dropSiteTurn = prepare(database, 'DELETE FROM site_turn WHERE site = ? AND rank = ?');
    this.#serveTrack = prepare(
      database,
      'UPDATE turn SET served_at = ?, served_by = ? WHERE track = ? AND rank = ?',
    );
    this.#serveSite = prepare(
      database,
      'UPDATE site_turn SET served_at = ?, served_by = ? WHERE site = ? AND rank = ?',
    );
  }

  touch(track: number, rank: number): void {
    this.#touched[rank]?.add(track);
  }

  touchSite(site: string, rank: number): void {
    this.#touchedSites[rank]?.add(site);
  }

  touchLane(lane: string): void {
    for (const { id } of this.#tracks.ofLane(lane)) for (const rank of RANKS) this.touch(id, rank);
  }

  /** The track was served in a claim, and its next turn comes after the others'. */
  serve(track: Track, rank: number, now: number, claim: number): void {
    this.#serveTrack.run(now, claim, track.id, rank);
    this.#serveSite.run(now, claim, track.site, rank);
    this.touch(track.id, rank);
    this.touchSite(track.site, rank);
  }

  /** Makes the rows of all that was touched exact. */
  settle(): void {
    const emptied = new Set<number>();
    for (const rank of RANKS) {
      const tracks = this.#touched[rank];
      for (const id of tracks ?? []) if (!this.#settleTrack(id, rank)) emptied.add(id);
      tracks?.clear();
      const sites = this.#touchedSites[rank];
      for (const site of sites ?? []) this.#settleSite(site, rank);
      sites?.clear();
    }
    for (const id of emptied) {
      if (this.#anyTurn.get(id) === undefined) this.#tracks.remove(this.#tracks.of(id));
    }
  }

  /** After a rollback nothing was touched. */
  forget(): void {
    for (const set of [...this.#touched, ...this.#touchedSites]) set.clear();
  }

  /** Returns whether anybody is in it. */
  #settleTrack(id: number, rank: number): boolean {
    const first = this.#firstOfTrack.get(id, rank);
    const turn = this.#turn.get(id, rank);
    if (first === undefined) {
      if (turn === undefined) return false;
      this.#dropTurn.run(id, rank);
      this.touchSite(this.#tracks.of(id).site, rank);
      return false;
    }
    const { lane, site } = this.#tracks.of(id);
    const until = this.#restOf.get(lane)?.until ?? 0;
    const at = Math.max(first.at, until, turn?.servedAt ?? 0);
    if (at === turn?.at) return true;
    this.#putTurn.run(id, rank, site, at);
    this.touchSite(site, rank);
    return true;
  }

  #settleSite(site: string, rank: number): void {
    const first = this.#firstOfSite.get(rank, site);
    const turn = this.#siteTurn.get(site, rank);
    if (first === undefined) {
      if (turn !== undefined) this.#dropSiteTurn.run(site, rank);
      return;
    }
    const at = Math.max(first.at, turn?.servedAt ?? 0);
    if (at !== turn?.at) this.#putSiteTurn.run(site, rank, at);
  }
}
