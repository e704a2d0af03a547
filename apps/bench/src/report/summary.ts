/** A case's results in figures: medians over the rounds, and ratios to the peers. Pure. */
import type { SubjectName } from '../benchmark-case.ts';
import type { CaseResult, Result } from '../compare.ts';
import { median, spread } from './statistics.ts';

/** One line of the table. */
export interface SummaryRow {
  readonly subject: SubjectName;
  /** Messages a second until the last 250. */
  readonly acceptedPerSecond: number;
  /** Messages a second until the last one was there. */
  readonly arrivedPerSecond: number;
  /** Of the latter. */
  readonly spread: number;
  readonly cpuSecondsPerThousand: number;
  readonly peakMegabytes: number;
  readonly syncsPerMessage?: number;
  /** Posthouse's rate by this one's; absent for Posthouse. */
  readonly posthouseRatio?: number;
}

/** What is printed of a case. */
export interface CaseSummary extends Omit<CaseResult, 'results'> {
  readonly rows: readonly SummaryRow[];
}

const MEGABYTE = 1_000_000;

export function summarize(result: CaseResult): CaseSummary {
  const { results, ...facts } = result;
  const own = results.find(({ subject }) => subject === 'posthouse');
  const ownRate = own && row(own).arrivedPerSecond;
  return {
    ...facts,
    rows: results.map((each) => {
      const plain = row(each);
      return each === own || ownRate === undefined
        ? plain
        : { ...plain, posthouseRatio: ownRate / plain.arrivedPerSecond };
    }),
  };
}

function row({ measurements, subject, syncsPerMessage }: Result): SummaryRow {
  const rates = measurements.map(({ arrivedSeconds, messages }) => messages / arrivedSeconds);
  return {
    subject,
    acceptedPerSecond: median(
      measurements.map(({ acceptedSeconds, messages }) => messages / acceptedSeconds),
    ),
    arrivedPerSecond: median(rates),
    spread: spread(rates),
    cpuSecondsPerThousand: median(
      measurements.map(({ cpuSeconds, messages }) => (cpuSeconds / messages) * 1000),
    ),
    peakMegabytes: median(measurements.map(({ peakBytes }) => peakBytes / MEGABYTE)),
    ...(syncsPerMessage === undefined ? {} : { syncsPerMessage }),
  };
}
