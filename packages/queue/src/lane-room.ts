/** How much of one lane may wait in memory, and when it has enough of it. Pure. */

/** Recipients of one lane that may wait, at most: enough until the next page is here. */
const MAX_ROOM = 200;
/** The share of what is free that one lane may have waiting. */
const ROOM_SHARE = 1 / 16;
/**
 * The share of its room below which the next page of a lane is asked for. Its claim, the mark and
 * the content take two commits: with half of the room a fast host waited for them.
 */
const ENOUGH_SHARE = 3 / 4;

/** Recipients that one lane may have waiting while so many more may come under lease. */
export function laneRoom(free: number): number {
  return Math.min(MAX_ROOM, Math.max(1, Math.floor(free * ROOM_SHARE)));
}

/** From so many waiting on, a lane with that room needs no page. */
export function enoughIn(room: number): number {
  return room * ENOUGH_SHARE;
}
