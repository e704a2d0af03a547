/** What every claim does on the side, so that nobody has to do it in bulk. */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';
import type { Tables } from './tables.ts';
import { RANKS } from './turns.ts';

/**
 * A clock that was put back by less makes nobody wait for long; and a claim's time is a little
 * before that of events that were written while it was on its way.
 */
const MIN_STEP_MS = 60_000;

/**
 * A clock that was put back would keep waiting what was put off by the old one. Turns are given
 * back, and rests and due times come earlier by as much. It goes through everything, and hardly ever happens.
 */
export function createClockGuard(
  database: DatabaseSync,
  { counters, turns }: Tables,
): (now: number) => void {
  const resetTracks = prepare(database, 'UPDATE turn SET served_at = 0 WHERE served_at > ?');
  const resetSites = prepare(database, 'UPDATE site_turn SET served_at = 0 WHERE served_at > ?');
  const rests = prepare(database, 'UPDATE lane_rest SET until = until - ?2 WHERE until > ?1');
  const dueTimes = prepare(
    database,
    `UPDATE recipient SET due_at = MAX(?1, due_at - ?2),
       ready_at = CASE held WHEN 1 THEN ready_at
         ELSE MAX(?1, due_at - ?2, IFNULL(lease_until, 0)) END
       WHERE due_at > ?1`,
  );
  const tracks = prepare<{ readonly id: number }>(database, 'SELECT id FROM track');
  const sites = prepare<{ readonly site: string }>(database, 'SELECT DISTINCT site FROM track');
  return (now) => {
    const step = counters.now.latestAt - now;
    if (step < MIN_STEP_MS) {
      counters.now.latestAt = Math.max(counters.now.latestAt, now);
      return;
    }
    counters.now.latestAt = now;
    resetTracks.run(now);
    resetSites.run(now);
    rests.run(now, step);
    dueTimes.run(now, step);
    for (const rank of RANKS) {
      for (const { id } of tracks.all()) turns.touch(id, rank);
      for (const { site } of sites.all()) turns.touchSite(site, rank);
    }
  };
}

/** Takes away rests that are over, a few with each claim. */
export function createRestSweep(database: DatabaseSync): (now: number) => void {
  const over = prepare<{ readonly lane: string }>(
    database,
    'SELECT lane FROM lane_rest WHERE until <= ? LIMIT 50',
  );
  const remove = prepare(database, 'DELETE FROM lane_rest WHERE lane = ?');
  return (now) => {
    for (const { lane } of over.all(now)) remove.run(lane);
  };
}
