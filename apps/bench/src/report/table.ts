/** The results as text for a terminal. Pure. */
import type { StartUp } from '../start-up.ts';
import { median } from './statistics.ts';
import type { CaseSummary, SummaryRow } from './summary.ts';

const HEAD = ['', 'accepted/s', 'arrived/s', 'spread', 'CPU s/1000', 'MB', 'syncs', 'Posthouse is'];
const MEGABYTE = 1_000_000;

/** One case. */
export function caseTable(summary: CaseSummary): string {
  const { loadAfter, loadBefore, name, rows, syncDelayMs, title } = summary;
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  const text = lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
  const load = `load average ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`;
  const slow = syncDelayMs > 0 ? `, every sync ${syncDelayMs} ms longer` : '';
  return [`${name}: ${title}${slow}`, `(${load})`, ...text].join('\n');
}

/** The start-up case. */
export function startUpText({ idleBytes, listeningMs }: StartUp): string {
  const ms = (value: number): string => `${Math.round(value)} ms`;
  const [first = Number.NaN, ...later] = listeningMs;
  const megabytes = Math.round(median(idleBytes) / MEGABYTE);
  return `start: listens after ${ms(first)} with an empty state directory, ${ms(median(later))} after that (median of ${later.length}); ${megabytes} MB when idle`;
}

function cells(row: SummaryRow): readonly string[] {
  return [
    row.subject,
    row.acceptedPerSecond.toFixed(0),
    row.arrivedPerSecond.toFixed(0),
    `${(row.spread * 100).toFixed(0)} %`,
    row.cpuSecondsPerThousand.toFixed(2),
    row.peakMegabytes.toFixed(0),
    row.syncsPerMessage?.toFixed(2) ?? '-',
    row.posthouseRatio === undefined ? '' : `${row.posthouseRatio.toFixed(2)} x`,
  ];
}
