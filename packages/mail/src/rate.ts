/**
 * A rate: so many messages or recipients in a time. What is allowed is counted over every stretch
 * of that length, not by the clock's hours and days.
 */

/** Plain data. */
export interface Rate {
  readonly of: 'messages' | 'recipients';
  /** At least 1. */
  readonly count: number;
  /** At least 1. */
  readonly perMs: number;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** The rate for people: `500 recipients a day`. */
export function rateText({ count, of, perMs }: Rate): string {
  const [name, unit] = UNITS.find(([, ms]) => perMs >= ms && perMs % ms === 0) ?? ['ms', 1];
  const times = perMs / unit;
  const noun = count === 1 ? of.slice(0, -1) : of;
  return times === 1 ? `${count} ${noun} a ${name}` : `${count} ${noun} in ${times} ${name}s`;
}
