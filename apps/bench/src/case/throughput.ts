/**
 * A load as fast as it is taken: all its subjects, round by round, each round in another order.
 *
 * All subjects run all the time, and only one is loaded, each for the same time. The first
 * round warms up and is thrown away. Sync calls are counted afterwards, in a run of their own, because the
 * counting has a cost.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMON_LOAD } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { countSyncs, tracing, tracingObstacle } from '../meter/sync-calls.ts';
import { harnessNote, summarize, throughputTable } from '../report/throughput.ts';
import type { ThroughputRow } from '../report/throughput.ts';
import { measureRound, openStand } from '../stand.ts';
import type { Measurement, Stand } from '../stand.ts';
import type { Subject, SubjectName } from '../subject/subject.ts';
import type { BenchmarkCase, CaseContext } from './case.ts';

/** One subject's results. */
export interface Result {
  readonly subject: SubjectName;
  readonly measurements: readonly Measurement[];
  /** Absent where they cannot be counted. */
  readonly syncsPerMessage?: number;
  /** Most connections to the sink at a time; absent where there is none. */
  readonly connections?: number;
}

const TRACED_MESSAGES = 400;
const DEFAULT_SUBJECTS: readonly SubjectName[] = ['posthouse', 'postfix', 'ceiling'];

/** A case of the common load with these changes. */
export function throughputCase(
  name: string,
  title: string,
  changes: Partial<Load>,
  subjects: readonly SubjectName[] = DEFAULT_SUBJECTS,
): BenchmarkCase {
  return {
    name,
    title,
    subjects,
    syncs: true,
    async run(context) {
      const { messages, seconds, sessions } = context;
      const load: Load = {
        ...COMMON_LOAD,
        ...changes,
        ...(messages !== undefined && { messages, seconds: Number.POSITIVE_INFINITY }),
        ...(seconds !== undefined && { seconds }),
        ...(sessions !== undefined && { sessions }),
      };
      const { failures, results } = await compare(name, load, context);
      const rows = summarize(results);
      const notes = [harnessNote(rows), ...connectionsOf(rows), ...remarksOf(context.subjects)];
      return { rows, table: throughputTable(rows), notes, failures };
    },
  };
}

/** Those that came to an end, and why others did not: who fails does not keep the others. */
interface Comparison {
  readonly results: readonly Result[];
  readonly failures: readonly string[];
}

async function compare(name: string, load: Load, context: CaseContext): Promise<Comparison> {
  const failures: string[] = [];
  const contained: Contained = async ({ name: who }, action) => {
    try {
      return await action();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(reason.startsWith(`${who}: `) ? reason : `${who}: ${reason}`);
      context.tell(`${name}: FAILED: ${failures.at(-1)}`);
      return undefined;
    }
  };
  const results: Result[] = [];
  for (const { subject, ...measured } of await measureInTurns(name, load, context, contained)) {
    const syncsPerMessage = await contained(subject, () => countedSyncs(subject, load, context));
    results.push({
      subject: subject.name,
      ...measured,
      ...(syncsPerMessage !== undefined && { syncsPerMessage }),
    });
  }
  if (results.length > 0) return { results, failures };
  throw new Error(failures.length > 0 ? failures.join('; ') : 'no subject can take part');
}

/** Does something for a subject; undefined where it fails, which is then told. */
type Contained = <T>(subject: Subject, action: () => Promise<T>) => Promise<T | undefined>;

type Measured = Omit<Result, 'subject' | 'syncsPerMessage'> & { readonly subject: Subject };

/** All rounds. All subjects have ended after it. */
async function measureInTurns(
  name: string,
  load: Load,
  context: CaseContext,
  contained: Contained,
): Promise<readonly Measured[]> {
  const { directory, environment, profileDirectory } = context;
  const profile = profileDirectory === undefined ? {} : { profileDirectory };
  const measurements = new Map<Stand, Measurement[]>();
  await using running = new AsyncDisposableStack();
  for (const subject of context.subjects.filter((each) => takesTo(each, load.destination))) {
    const stand = await contained(subject, () =>
      openStand(subject, load, { directory, environment, ...profile }),
    );
    if (stand === undefined) continue;
    running.defer(() => contained(subject, () => stand.stop()));
    measurements.set(stand, []);
  }
  for (let round = 0; round <= context.rounds; round += 1) {
    for (const stand of rotated([...measurements.keys()], round)) {
      const { subject } = stand;
      const measurement = await contained(subject, () =>
        measureRound(stand, bearable(load, stand), `round${round}`),
      );
      if (measurement === undefined) {
        // What it has taken in would go on in the others' time.
        measurements.delete(stand);
        await contained(subject, () => stand.stop());
      } else {
        const rate = (measurement.messages / measurement.arrivedSeconds).toPrecision(3);
        const note = round === 0 ? ' (does not count)' : '';
        context.tell(`${name}: ${subject.name} ${Number(rate)}/s${note}`);
        if (round > 0) measurements.get(stand)?.push(measurement);
      }
    }
  }
  const all = [...measurements].map(async ([{ sink, subject }, rounds]) => {
    const taken = await sink?.taken();
    const most = taken && { connections: taken.connections };
    return { subject, measurements: rounds, ...most };
  });
  return await Promise.all(all);
}

async function countedSyncs(
  subject: Subject,
  load: Load,
  { directory, environment }: CaseContext,
): Promise<number | undefined> {
  if (tracingObstacle() !== undefined) return undefined;
  const place = join(directory, 'traced');
  await mkdir(place, { recursive: true });
  const file = join(place, `${subject.name}.syncs`);
  const stand = await openStand(subject, load, {
    directory: place,
    under: tracing(file),
    environment,
  });
  try {
    const before = await countSyncs(file);
    const part = bearable(load, stand);
    const most = Math.min(part.messages, TRACED_MESSAGES);
    const { messages } = await measureRound(stand, { ...part, messages: most }, 'traced');
    return ((await countSyncs(file)) - before) / messages;
  } finally {
    await stand.stop();
  }
}

/** A load from as many sessions as the subject greets. */
function bearable(load: Load, { subject }: Stand): Load {
  const { maxSessions = load.sessions } = subject;
  return { ...load, sessions: Math.min(load.sessions, maxSessions) };
}

/** Who throws mail away can do so anywhere. */
function takesTo({ destinations }: Subject, destination: Load['destination']): boolean {
  return !destinations?.length || destinations.includes(destination);
}

/** How many connections each had: with the same number a long line is as long for all. */
function connectionsOf(rows: readonly ThroughputRow[]): readonly string[] {
  const counts = rows.flatMap(({ connections, subject }) =>
    connections === undefined ? [] : [`${subject} ${connections}`],
  );
  return counts.length === 0 ? [] : [`connections to the sink at most: ${counts.join(', ')}`];
}

function remarksOf(subjects: readonly Subject[]): readonly string[] {
  return subjects.flatMap(({ name, remark }) =>
    remark === undefined ? [] : [`${name}: ${remark}`],
  );
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
