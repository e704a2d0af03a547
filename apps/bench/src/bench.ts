/**
 * All cases that were asked for, one after the other, and what is printed of them.
 *
 * Nothing is deleted before everything has run: deleting thousands of files slows the
 * making of new ones for a while, and the next subject would pay for it.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { START_CASE } from './arguments.ts';
import type { BenchOptions } from './arguments.ts';
import { CASES } from './benchmark-case.ts';
import type { BenchmarkCase } from './benchmark-case.ts';
import { compare } from './compare.ts';
import { describeProfiles } from './report/profile.ts';
import { summarize } from './report/summary.ts';
import type { CaseSummary } from './report/summary.ts';
import { caseTable, startUpText } from './report/table.ts';
import { measureStartUp } from './start-up.ts';
import type { StartUp } from './start-up.ts';
import { ceiling } from './subject/ceiling.ts';
import { posthouse } from './subject/posthouse.ts';
import { postfix } from './subject/postfix.ts';
import type { Subject } from './subject/subject.ts';

/** Everything that was found, as `--json` prints it. */
interface BenchReport {
  readonly machine: { readonly cpus: number; readonly kernel: string; readonly node: string };
  /** Who was left out, and why. */
  readonly absent: readonly string[];
  readonly cases: readonly CaseSummary[];
  readonly startUp?: StartUp;
}

const SUBJECTS: readonly Subject[] = [posthouse, postfix, ceiling];
const STARTS = 6;

/** Runs and prints. @throws Error when a subject fails or loses mail */
export async function bench(options: BenchOptions): Promise<void> {
  const directory = await workingDirectory(options);
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    const { absent, present } = await whoIsThere(options);
    for (const reason of absent) tell(`left out: ${reason}`);
    const cases: CaseSummary[] = [];
    for (const [benchmark, syncDelayMs] of turns(options)) {
      const place = join(directory, `${benchmark.name}-${syncDelayMs}`);
      const profileDirectory = options.profile ? await profilePlace(benchmark.name) : undefined;
      const result = await compare(benchmark, {
        subjects: present.filter(({ name }) => benchmark.subjects.includes(name)),
        rounds: options.rounds,
        messages: options.messages ?? benchmark.messages,
        directory: place,
        ...(profileDirectory !== undefined && { profileDirectory }),
        syncDelayMs,
        tell,
      });
      const summary = summarize(result);
      cases.push(summary);
      if (!options.json) process.stdout.write(`\n${caseTable(summary)}\n\n`);
      if (profileDirectory !== undefined) tell(await describeProfiles(profileDirectory));
    }
    const startUp = options.cases.includes(START_CASE)
      ? await measureStartUp(join(directory, START_CASE), STARTS)
      : undefined;
    if (startUp && !options.json) process.stdout.write(`${startUpText(startUp)}\n`);
    const machine = { cpus: cpus().length, kernel: release(), node: process.version };
    const report: BenchReport = { machine, absent, cases, ...(startUp && { startUp }) };
    if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } finally {
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
  }
}

/** Each case with each delay. */
function turns({
  cases,
  syncDelaysMs,
}: BenchOptions): readonly (readonly [BenchmarkCase, syncDelayMs: number])[] {
  return CASES.filter(({ name }) => cases.includes(name)).flatMap((benchmark) =>
    syncDelaysMs.map((delay) => [benchmark, delay] as const),
  );
}

async function whoIsThere(
  options: BenchOptions,
): Promise<{ readonly present: readonly Subject[]; readonly absent: readonly string[] }> {
  const present: Subject[] = [];
  const absent: string[] = [];
  for (const subject of SUBJECTS) {
    if (!options.subjects.includes(subject.name)) continue;
    const obstacle = await subject.obstacle();
    if (obstacle === undefined) present.push(subject);
    else absent.push(obstacle);
  }
  return { present, absent };
}

/** Postfix's mail user must be able to pass through it. */
async function workingDirectory({ directory }: BenchOptions): Promise<string> {
  const place = directory ?? (await mkdtemp(join(tmpdir(), 'posthouse-bench-')));
  if (directory !== undefined) await mkdir(place);
  await chmod(place, 0o755);
  return resolve(place);
}

async function profilePlace(name: string): Promise<string> {
  const place = resolve('.profiles', `${name}-${Date.now()}`);
  await mkdir(place, { recursive: true });
  return place;
}
