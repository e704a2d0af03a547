/** What every claim does on the side, so that nobody has to do it in bulk. */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';
import type { Tables } from './tables.ts';

/**
 * A clock that was put back would keep every lane that was served lately waiting until it has
 * caught up: those turns are given back. It goes through all lanes, and hardly ever happens.
 */
export function createClockGuard(
  database: DatabaseSync,
  { counters, turns }: Tables,
): (now: number) => void {
  const resetTracks = prepare<{ readonly track: number; readonly rank: number }>(
    database,
    'UPDATE turn SET served_at = 0 WHERE served_at > ? RETURNING track, rank',
  );
  const resetSites = prepare<{ readonly site: string; readonly rank: number }>(
    database,
    'UPDATE site_turn SET served_at = 0 WHERE served_at > ? RETURNING site, rank',
  );
  return (now) => {
    if (now >= counters.now.lastClaimAt) return;
    for (const { track, rank } of resetTracks.all(now)) turns.touch(track, rank);
    for (const { site, rank } of resetSites.all(now)) turns.touchSite(site, rank);
    counters.now.lastClaimAt = now;
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
