/**
 * Which recipients a claim gets. By priority, in the order of rules/precedence.ts; within one
 * priority the lanes take turns, the one that waited longest first; within a lane by due time.
 */
import { ranksInOrder } from '../rules/precedence.ts';
import { PRIORITY_RANKS } from '../rules/priority-ranks.ts';
import { claimableAt } from '../rules/transitions.ts';
import type { ClaimRequest } from '../store.ts';
import type { LaneKey } from '../record.ts';
import type { Lane, ShelvedRecipient, Shelves } from './shelves.ts';

/** What of one lane may be had now, best first. */
interface Offer {
  readonly key: LaneKey;
  readonly lane: Lane;
  readonly byRank: readonly (readonly ShelvedRecipient[])[];
}

/** Chooses at most `limit` recipients. Changes nothing. @param claims how many have granted anything */
export function chooseDue(
  shelves: Shelves,
  request: ClaimRequest,
  claims: number,
): readonly ShelvedRecipient[] {
  const offers = offersOf(shelves, request);
  const chosen: ShelvedRecipient[] = [];
  const taken = new Map<LaneKey, number>();
  for (const rank of ranksInOrder(claims)) {
    for (const { key, byRank } of inTurn(offers, rank)) {
      const ofLane = taken.get(key) ?? 0;
      const room = Math.min(request.limit - chosen.length, request.perLaneLimit - ofLane);
      const entries = (byRank[rank] ?? []).slice(0, Math.max(0, room));
      chosen.push(...entries);
      taken.set(key, ofLane + entries.length);
    }
  }
  return chosen;
}

/** The earliest time at which `chooseDue` would find something. */
export function earliestDue(
  shelves: Shelves,
  excludeLanes: ReadonlySet<string>,
  excludeSites: ReadonlySet<string>,
): number | undefined {
  let earliest = Infinity;
  for (const [key, lane] of shelves.lanes) {
    if (excludeLanes.has(key)) continue;
    for (const { record } of lane.recipients) {
      if (excludeSites.has(record.site)) continue;
      earliest = Math.min(earliest, Math.max(claimableAt(record), lane.restUntil));
    }
  }
  return earliest === Infinity ? undefined : earliest;
}

function offersOf(shelves: Shelves, request: ClaimRequest): readonly Offer[] {
  const { now } = request;
  const excludeLanes = new Set(request.excludeLanes);
  const excludeSites = new Set(request.excludeSites);
  const keys = request.onlyLanes ?? shelves.lanes.keys();
  const offers: Offer[] = [];
  for (const key of new Set(keys)) {
    const lane = shelves.lanes.get(key);
    if (lane === undefined || lane.restUntil > now || excludeLanes.has(key)) continue;
    const due = [...lane.recipients]
      .filter(({ record }) => !excludeSites.has(record.site) && claimableAt(record) <= now)
      .toSorted((a, b) => claimableAt(a.record) - claimableAt(b.record));
    if (due.length > 0) offers.push({ key, lane, byRank: byRankOf(shelves, due) });
  }
  return offers;
}

function byRankOf(
  shelves: Shelves,
  due: readonly ShelvedRecipient[],
): readonly (readonly ShelvedRecipient[])[] {
  const byRank: ShelvedRecipient[][] = Object.keys(PRIORITY_RANKS).map(() => []);
  for (const entry of due) {
    const priority = shelves.messages.get(entry.record.message)?.record.priority ?? 'bulk';
    byRank[PRIORITY_RANKS[priority]]?.push(entry);
  }
  return byRank;
}

function inTurn(offers: readonly Offer[], rank: number): readonly Offer[] {
  const first = (offer: Offer): number => {
    const entry = offer.byRank[rank]?.[0];
    return entry === undefined ? Infinity : claimableAt(entry.record);
  };
  return offers.toSorted((a, b) => a.lane.servedBy - b.lane.servedBy || first(a) - first(b));
}
