/** A case as text for a terminal. Pure. */
import type { CaseFindings } from '../case/case.ts';

/** What is printed of a case. */
export interface CaseReport extends CaseFindings {
  readonly name: string;
  readonly title: string;
  readonly syncDelayMs: number;
  /** Load average of the machine in the minute before. */
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** How long the case took. */
  readonly seconds: number;
}

/** The whole of it, without a last line end. */
export function caseText(report: CaseReport): string {
  const { loadAfter, loadBefore, name, notes, seconds, syncDelayMs, table, title } = report;
  const load = `load average ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after; took ${seconds.toFixed(0)} s`;
  const slow = syncDelayMs > 0 ? `, every sync ${syncDelayMs} ms longer` : '';
  return [`${name}: ${title}${slow}`, `(${load})`, ...aligned(table), ...notes].join('\n');
}

/** The first column to the left, all others to the right. */
function aligned(table: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const line of table) {
    for (const [at, cell] of line.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return table.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
}
