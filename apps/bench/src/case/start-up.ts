/**
 * How long a fresh process takes until it greets, and what it holds in memory when idle.
 *
 * From the start of the process to the 220 of the relay's port, configuration, certificate
 * and an empty queue included; what is made only once (certificate, directories) is there
 * from the second start on.
 */
import { join } from 'node:path';
import { treeBytes } from '../meter/process-tree.ts';
import { median } from '../report/statistics.ts';
import { pause } from '../subject/child.ts';
import type { Subject } from '../subject/subject.ts';
import type { BenchmarkCase, CaseContext } from './case.ts';

/** One subject. */
interface StartUpRow {
  readonly subject: string;
  /** With an empty state directory. */
  readonly firstMs: number;
  /** Median of the later starts. */
  readonly laterMs: number;
  /** Two seconds after the start; median. */
  readonly idleMegabytes: number;
}

const STARTS = 6;
const IDLE_MS = 2000;
const MEGABYTE = 1_000_000;

export const startUp: BenchmarkCase = {
  name: 'start',
  title: 'from the start of the process until it greets, and its memory when idle',
  subjects: ['posthouse', 'postfix'],
  syncs: false,
  async run(context) {
    const rows: StartUpRow[] = [];
    for (const subject of context.subjects) rows.push(await measure(subject, context));
    const head = ['', 'first start ms', `then ms (median of ${STARTS - 1})`, 'idle MB'];
    const table = rows.map(({ firstMs, idleMegabytes, laterMs, subject }) => [
      subject,
      ...[firstMs, laterMs, idleMegabytes].map((value) => value.toFixed(0)),
    ]);
    return { rows, table: [head, ...table], notes: [] };
  },
};

async function measure(subject: Subject, context: CaseContext): Promise<StartUpRow> {
  const listeningMs: number[] = [];
  const idleBytes: number[] = [];
  const directory = join(context.directory, subject.name);
  for (let turn = 0; turn < STARTS; turn += 1) {
    const running = await subject.start({ directory });
    listeningMs.push(running.startedInMs);
    await pause(IDLE_MS);
    idleBytes.push(treeBytes(running.pid).proportional);
    await running.stop();
    context.tell(`start: ${subject.name} ${running.startedInMs.toFixed(0)} ms`);
  }
  const [firstMs = Number.NaN, ...later] = listeningMs;
  const idleMegabytes = median(idleBytes) / MEGABYTE;
  return { subject: subject.name, firstMs, laterMs: median(later), idleMegabytes };
}
