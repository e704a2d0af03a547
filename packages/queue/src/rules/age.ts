/** The classes of age in which a summary counts what waits. Pure. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Each class ends here; one more holds all that is older. */
export const AGE_BOUNDS_MS: readonly number[] = [
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  8 * HOUR_MS,
  24 * HOUR_MS,
  48 * HOUR_MS,
];

/** How many are in each class, from how many are younger than each bound, and how many there are. */
export function agesOf(younger: readonly number[], total: number): readonly number[] {
  return [...younger, total].map((count, place) => count - (younger[place - 1] ?? 0));
}
