/** A throughput case in figures: medians over the rounds, and ratios to the peers. Pure. */
import type { Result } from '../case/throughput.ts';
import type { Measurement } from '../stand.ts';
import type { SubjectName } from '../subject/subject.ts';
import { median, spread } from './statistics.ts';

/** One line of the table. */
export interface ThroughputRow {
  readonly subject: SubjectName;
  /** Messages a second until the last 250. */
  readonly acceptedPerSecond: number;
  /** Messages a second until the last one was there. */
  readonly arrivedPerSecond: number;
  /** Of the latter. */
  readonly spread: number;
  readonly cpuSecondsPerThousand: number;
  /** Of the whole machine: who is slow on an idle machine waits for something. */
  readonly idleShare: number;
  readonly peakMegabytes: number;
  /** What the measuring took of the same machine. */
  readonly driverCpuSecondsPerThousand: number;
  readonly sinkCpuSecondsPerThousand: number;
  readonly syncsPerMessage?: number;
  /** Most connections to the sink at a time. */
  readonly connections?: number;
  /** Posthouse's rate by this one's; absent for Posthouse. */
  readonly posthouseRatio?: number;
}

const MEGABYTE = 1_000_000;
const HEAD = [
  '',
  'accepted/s',
  'arrived/s',
  'spread',
  'CPU s/1000',
  'idle',
  'MB',
  'syncs',
  'Posthouse is',
];

/** The rows, in the order of the results. */
export function summarize(results: readonly Result[]): readonly ThroughputRow[] {
  const own = results.find(({ subject }) => subject === 'posthouse');
  const ownRate = own && row(own).arrivedPerSecond;
  return results.map((each) => {
    const plain = row(each);
    return each === own || ownRate === undefined
      ? plain
      : { ...plain, posthouseRatio: ownRate / plain.arrivedPerSecond };
  });
}

/** The same for people. */
export function throughputTable(rows: readonly ThroughputRow[]): readonly (readonly string[])[] {
  return [HEAD, ...rows.map(cells)];
}

function cells(row: ThroughputRow): readonly string[] {
  return [
    row.subject,
    rateText(row.acceptedPerSecond),
    rateText(row.arrivedPerSecond),
    `${(row.spread * 100).toFixed(0)} %`,
    row.cpuSecondsPerThousand.toFixed(2),
    `${(row.idleShare * 100).toFixed(0)} %`,
    row.peakMegabytes.toFixed(0),
    row.syncsPerMessage?.toFixed(2) ?? '-',
    row.posthouseRatio === undefined ? '' : `${row.posthouseRatio.toFixed(2)} x`,
  ];
}

/** What driver and sink cost, beside what they measure. */
export function harnessNote(rows: readonly ThroughputRow[]): string {
  const costs = rows.map((each) => {
    const both = [each.driverCpuSecondsPerThousand, each.sinkCpuSecondsPerThousand];
    return `${each.subject} ${both.map((seconds) => seconds.toFixed(3)).join(' and ')}`;
  });
  return `driver and sink took CPU s/1000: ${costs.join(', ')}`;
}

/** Large messages are a few a second. */
function rateText(perSecond: number): string {
  return perSecond.toFixed(perSecond < 20 ? 1 : 0);
}

function row({ connections, measurements, subject, syncsPerMessage }: Result): ThroughputRow {
  const rates = measurements.map(({ arrivedSeconds, messages }) => messages / arrivedSeconds);
  const perThousand = (secondsOf: (each: Measurement) => number): number =>
    median(measurements.map((each) => (secondsOf(each) / each.messages) * 1000));
  return {
    subject,
    acceptedPerSecond: median(
      measurements.map(({ acceptedSeconds, messages }) => messages / acceptedSeconds),
    ),
    arrivedPerSecond: median(rates),
    spread: spread(rates),
    cpuSecondsPerThousand: perThousand(({ cpuSeconds }) => cpuSeconds),
    idleShare: median(measurements.map((each) => each.idleShare)),
    driverCpuSecondsPerThousand: perThousand(({ driverCpuSeconds }) => driverCpuSeconds),
    sinkCpuSecondsPerThousand: perThousand(({ sinkCpuSeconds }) => sinkCpuSeconds),
    peakMegabytes: median(measurements.map(({ peakBytes }) => peakBytes / MEGABYTE)),
    ...(syncsPerMessage === undefined ? {} : { syncsPerMessage }),
    ...(connections === undefined ? {} : { connections }),
  };
}
