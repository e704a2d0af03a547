/** Reading a damaged table: row by row in the order of a key, past what cannot be read. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { faultOf } from './faults.ts';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';

/** So many keys are tried one by one behind a bad place; then the steps double. */
const CAREFUL_STEPS = 20_000;

/** The value, or `undefined` where it cannot be read. Other failures than damage are thrown. */
export function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (faultOf(error).kind !== 'damaged') throw error;
    return undefined;
  }
}

/**
 * The rows with keys up to `last`. `next` selects the first row behind its last value, which is
 * the key; `missed` is called for each bad place.
 */
export function* readableRows<Row extends { readonly key: number }>(
  next: Statement<Row>,
  last: number,
  missed: () => void,
  ...values: readonly SQLInputValue[]
): Iterable<Row> {
  let after = -1;
  let failures = 0;
  while (after < last) {
    const found = ifReadable(() => ({ row: next.get(...values, after) }));
    if (found === undefined) {
      if (failures === 0) missed();
      failures += 1;
      after += failures <= CAREFUL_STEPS ? 1 : 2 ** Math.min(30, failures - CAREFUL_STEPS);
      continue;
    }
    if (found.row === undefined) return;
    failures = 0;
    after = found.row.key;
    yield found.row;
  }
}

/** The largest of the numbers that the queries answer, of those that can be read; 0 where none can. */
export function largest(database: DatabaseSync, ...queries: readonly string[]): number {
  const numbers = queries.map((sql) =>
    ifReadable(() => prepare<{ readonly number: number | null }>(database, sql).get()?.number),
  );
  return Math.max(0, ...numbers.map((number) => number ?? 0));
}
