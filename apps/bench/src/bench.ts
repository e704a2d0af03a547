/**
 * All cases that were asked for, one after the other, and what is printed of them.
 *
 * Nothing is deleted before everything has run: deleting thousands of files slows the
 * making of new ones for a while, and the next subject would pay for it.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BenchOptions } from './arguments.ts';
import type { BenchmarkCase } from './case/case.ts';
import { slowSyncs } from './meter/slow-sync.ts';
import { describeProfiles } from './report/profile.ts';
import { caseText } from './report/table.ts';
import type { CaseReport } from './report/table.ts';
import { SUBJECTS } from './subject/all-subjects.ts';
import { willRemove } from './subject/last-will.ts';
import type { Subject } from './subject/subject.ts';

/** Everything that was found, as `--json` prints it. */
interface BenchReport {
  readonly machine: { readonly cpus: number; readonly kernel: string; readonly node: string };
  /** Who was left out, and why. */
  readonly absent: readonly string[];
  readonly cases: readonly Omit<CaseReport, 'table'>[];
  /** Cases and subjects that came to no end, and why. */
  readonly failures: readonly string[];
}

/** Where a run works, and who takes part. */
interface Scene {
  readonly options: BenchOptions;
  readonly directory: string;
  readonly present: readonly Subject[];
}

/** Runs and prints. A case that fails does not keep the others. @throws Error when one has failed */
export async function bench(options: BenchOptions): Promise<void> {
  const directory = await workingDirectory(options);
  const will = options.directory === undefined ? willRemove(directory) : undefined;
  try {
    const { absent, present } = await whoIsThere(options);
    for (const reason of absent) tell(`left out: ${reason}`);
    const cases: CaseReport[] = [];
    const failures: string[] = [];
    for (const benchmark of options.cases) {
      for (const delay of benchmark.syncs ? options.syncDelaysMs : [0]) {
        try {
          const report = await runCase(benchmark, delay, { options, directory, present });
          cases.push(report);
          failures.push(...(report.failures ?? []).map((text) => `${benchmark.name}: ${text}`));
          if (!options.json) process.stdout.write(`\n${caseText(report)}\n\n`);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          failures.push(`${benchmark.name}: ${reason}`);
          tell(`FAILED: ${failures.at(-1)}`);
        }
      }
    }
    const machine = { cpus: cpus().length, kernel: release(), node: process.version };
    const facts = cases.map(({ table: _table, ...report }) => report);
    const report: BenchReport = { machine, absent, cases: facts, failures };
    if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    if (failures.length > 0) throw new Error(`failed: ${failures.join('; ')}`);
  } finally {
    if (will !== undefined) await rm(directory, { recursive: true, force: true });
    will?.revoke();
  }
}

async function runCase(
  benchmark: BenchmarkCase,
  syncDelayMs: number,
  scene: Scene,
): Promise<CaseReport> {
  const { messages, profile, rounds, seconds, sessions, subjects } = scene.options;
  const { name, title } = benchmark;
  const loadBefore = currentLoad();
  const startedAt = performance.now();
  const directory = join(scene.directory, `${name}-${syncDelayMs}`);
  await mkdir(directory);
  const profileDirectory = profile ? await profilePlace(name) : undefined;
  const findings = await benchmark.run({
    subjects: scene.present.filter(
      (subject) => subjects !== undefined || takesPart(benchmark, subject, syncDelayMs),
    ),
    rounds,
    ...(messages !== undefined && { messages }),
    ...(seconds !== undefined && { seconds }),
    ...(sessions !== undefined && { sessions }),
    directory,
    syncDelayMs,
    environment: await slowSyncs(directory, syncDelayMs),
    ...(profileDirectory !== undefined && { profileDirectory }),
    tell,
  });
  if (profileDirectory !== undefined) tell(await describeProfiles(profileDirectory));
  const loadAfter = currentLoad();
  const took = (performance.now() - startedAt) / 1000;
  return { name, title, syncDelayMs, loadBefore, loadAfter, seconds: took, ...findings };
}

/** By default. Who syncs nothing has nothing that slow syncs could change. */
function takesPart({ subjects }: BenchmarkCase, { name }: Subject, syncDelayMs: number): boolean {
  return subjects.includes(name) && (name !== 'ceiling' || syncDelayMs === 0);
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function whoIsThere({
  cases,
  subjects,
}: BenchOptions): Promise<{ readonly present: readonly Subject[]; readonly absent: string[] }> {
  const wanted =
    subjects ?? SUBJECTS.filter(({ name }) => cases.some((each) => each.subjects.includes(name)));
  const present: Subject[] = [];
  const absent: string[] = [];
  for (const subject of wanted) {
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

/** Load average of the last minute. */
function currentLoad(): number {
  return loadavg()[0] ?? 0;
}
