/**
 * In which order a claim goes through the ranks of priority. Pure.
 *
 * Best first, but every eighth claim begins with interactive mail and every eighth with bulk:
 * however much that is better keeps coming, nobody waits for ever.
 */
import { PRIORITY_RANKS } from './priority-ranks.ts';

/** Claims in one round. */
const ROUND = 8;
/** Which claims of a round begin elsewhere, and with which rank. */
const TURNS: ReadonlyMap<number, number> = new Map([
  [3, PRIORITY_RANKS.interactive],
  [7, PRIORITY_RANKS.bulk],
]);

/** The ranks in the order of the claim. @param claims how many claims have granted anything so far */
export function ranksInOrder(claims: number): readonly number[] {
  const ranks = Object.values(PRIORITY_RANKS);
  const first = TURNS.get(claims % ROUND);
  return first === undefined ? ranks : [first, ...ranks.filter((rank) => rank !== first)];
}
