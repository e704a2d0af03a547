/**
 * One case: all its subjects, round by round, each round in another order.
 *
 * All subjects run all the time, and only one is loaded. The first round warms up and is
 * thrown away. Sync calls are counted afterwards, in a run of their own, because the
 * counting has a cost.
 */
import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { BenchmarkCase, SubjectName } from './benchmark-case.ts';
import { slowSyncs } from './meter/slow-sync.ts';
import type { Environment } from './meter/slow-sync.ts';
import { canTrace, countSyncs, tracing } from './meter/sync-calls.ts';
import { startContender } from './round.ts';
import type { Contender, Measurement } from './round.ts';
import type { Subject } from './subject/subject.ts';

/** How a case is run. */
export interface Comparison {
  readonly subjects: readonly Subject[];
  readonly rounds: number;
  readonly messages: number;
  /** Its own; made. */
  readonly directory: string;
  readonly profileDirectory?: string;
  /** How much longer each sync call lasts. */
  readonly syncDelayMs: number;
  /** Told what happens, for those who wait. */
  tell(text: string): void;
}

/** One subject's results. */
export interface Result {
  readonly subject: SubjectName;
  readonly measurements: readonly Measurement[];
  /** Absent where they cannot be counted. */
  readonly syncsPerMessage?: number;
}

/** Everybody's, and how busy the machine was. */
export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly syncDelayMs: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly results: readonly Result[];
}

const TRACED_MESSAGES = 400;

/** Runs a case. @throws Error when a subject fails or loses mail */
export async function compare(
  benchmark: BenchmarkCase,
  comparison: Comparison,
): Promise<CaseResult> {
  const loadBefore = currentLoad();
  await mkdir(comparison.directory, { recursive: true });
  const environment = await slowSyncs(comparison.directory, comparison.syncDelayMs);
  const contenders: Contender[] = [];
  const measurements = new Map<Contender, Measurement[]>();
  try {
    for (const subject of comparison.subjects) {
      const contender = await start(subject, benchmark, { ...comparison, environment });
      contenders.push(contender);
      measurements.set(contender, []);
    }
    for (let round = 0; round <= comparison.rounds; round += 1) {
      for (const contender of rotated(contenders, round)) {
        const measurement = await contender.measure(`round${round}`, comparison.messages);
        const rate = Math.round(measurement.messages / measurement.arrivedSeconds);
        const note = round === 0 ? ' (does not count)' : '';
        comparison.tell(`${benchmark.name}: ${contender.subject.name} ${rate}/s${note}`);
        if (round > 0) measurements.get(contender)?.push(measurement);
      }
    }
  } finally {
    for (const contender of contenders) await contender.stop();
  }
  const loadAfter = currentLoad();
  const results: Result[] = [];
  for (const [{ subject }, mine] of measurements) {
    const syncs = await syncsPerMessage(subject, benchmark, { ...comparison, environment });
    const known = syncs === undefined ? {} : { syncsPerMessage: syncs };
    results.push({ subject: subject.name, measurements: mine, ...known });
  }
  const { name, title } = benchmark;
  return { name, title, syncDelayMs: comparison.syncDelayMs, loadBefore, loadAfter, results };
}

/** A comparison with the environment that slows its syncs down. */
type Prepared = Comparison & { readonly environment: Environment };

function start(
  subject: Subject,
  benchmark: BenchmarkCase,
  { directory, environment, profileDirectory }: Prepared,
): Promise<Contender> {
  return startContender(subject, benchmark, {
    directory,
    environment,
    ...(profileDirectory !== undefined && { profileDirectory }),
  });
}

async function syncsPerMessage(
  subject: Subject,
  benchmark: BenchmarkCase,
  { directory, environment, messages }: Prepared,
): Promise<number | undefined> {
  if (!canTrace()) return undefined;
  const place = join(directory, 'traced');
  await mkdir(place, { recursive: true });
  const file = join(place, `${subject.name}.syncs`);
  const contender = await startContender(subject, benchmark, {
    directory: place,
    under: tracing(file),
    environment,
  });
  try {
    const before = await countSyncs(file);
    const traced = Math.min(messages, TRACED_MESSAGES);
    await contender.measure('traced', traced);
    return ((await countSyncs(file)) - before) / traced;
  } finally {
    await contender.stop();
  }
}

/** Load average of the last minute. */
function currentLoad(): number {
  return loadavg()[0] ?? 0;
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
