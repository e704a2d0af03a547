/**
 * The newest of many messages, in memory for those few alone.
 */

/** What has a time and a name. */
export interface Dated {
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  readonly id: string;
}

export interface Newest<T extends Dated> {
  add(message: T): void;
  /** Newest first. */
  take(): readonly T[];
}

/** Keeps the `count` newest of all that are added. */
export function createNewest<T extends Dated>(count: number): Newest<T> {
  let kept: T[] = [];
  /** Once there are enough: what is older than this one is not among them. */
  let oldest: T | undefined;
  const cut = (): void => {
    kept = kept.toSorted(newestFirst).slice(0, count);
    if (kept.length === count) oldest = kept.at(-1);
  };
  return {
    add(message) {
      if (oldest !== undefined && newestFirst(oldest, message) < 0) return;
      kept.push(message);
      // Sorting a few hundred now and then costs less than keeping them sorted.
      if (kept.length >= count * 2 + 256) cut();
    },
    take() {
      cut();
      return kept;
    },
  };
}

function newestFirst(a: Dated, b: Dated): number {
  if (a.arrivedAt !== b.arrivedAt) return b.arrivedAt - a.arrivedAt;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}
