/** Prepared statements with the type of their rows written down where the SQL is. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

/** A statement that may be run any number of times. */
export interface Statement<Row> {
  get(...values: readonly SQLInputValue[]): Row | undefined;
  all(...values: readonly SQLInputValue[]): readonly Row[];
  /** @returns the number of rows changed */
  run(...values: readonly SQLInputValue[]): number;
}

/** Prepares. What `Row` says is what the SQL selects: nothing checks it but the tests. */
export function prepare<Row = never>(database: DatabaseSync, sql: string): Statement<Row> {
  const statement = database.prepare(sql);
  return {
    get: (...values) => statement.get(...values) as Row | undefined, // boundary: the SQL says so
    all: (...values) => statement.all(...values) as Row[], // boundary: the SQL says so
    run: (...values) => Number(statement.run(...values).changes),
  };
}
