/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { CASES } from './case/all-cases.ts';
import type { BenchmarkCase } from './case/case.ts';
import { SUBJECTS } from './subject/all-subjects.ts';
import type { Subject } from './subject/subject.ts';

/** What was asked for. */
export interface BenchOptions {
  readonly cases: readonly BenchmarkCase[];
  /** Absent: whom each case has by itself. */
  readonly subjects?: readonly Subject[];
  /** Rounds that count; one more runs first. */
  readonly rounds: number;
  /** Messages of a round; absent: as the case says. */
  readonly messages?: number;
  /** How long each round takes messages in; absent: as the case says. */
  readonly seconds?: number;
  /** Sessions at a time; absent: as the case says. */
  readonly sessions?: number;
  readonly json: boolean;
  /** Write CPU profiles of Posthouse below the directory. */
  readonly profile: boolean;
  /** Where everything lies; absent: a new directory among the temporary ones. */
  readonly directory?: string;
  /** All cases are run with each of these: how much longer every sync call lasts; 0: as the disk is. */
  readonly syncDelaysMs: readonly number[];
}

export const USAGE: string = `Usage: npm run bench -- [options]

Measures Posthouse beside other mail systems, those that are installed, on this machine.

  --case NAME        only this case; may be repeated
  --subject NAME     only this one of ${SUBJECTS.map(({ name }) => name).join(', ')};
                     may be repeated
  --rounds N         rounds that count, after one that does not (3)
  --seconds N        how long each round takes messages in (6)
  --messages N       messages in each round, however long they take
  --sessions N       sessions at a time, in place of the case's own number
  --sync-delay MS    let every sync call last that much longer, for all alike; may be repeated
                     (0, and 5 as well when all cases are run; needs a C compiler)
  --profile          write and summarize CPU profiles of Posthouse
  --json             print the results as JSON
  --directory DIR    work in this directory, which must not exist, and leave it

Progress goes to standard error, results to standard output. The exit code is 1 when a message
was refused, lost, repeated or damaged by anybody. How to read the tables: docs/performance.md

Cases:
${CASES.map(({ name, title }) => `  ${name.padEnd(13)} ${title}`).join('\n')}`;

/** @throws Error in words for people; @returns undefined where help was asked for */
export function readArguments(argv: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      case: { type: 'string', multiple: true },
      subject: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '3' },
      messages: { type: 'string' },
      seconds: { type: 'string' },
      sessions: { type: 'string' },
      'sync-delay': { type: 'string', multiple: true },
      profile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      directory: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { case: cases, directory, messages, seconds, sessions, subject: subjects } = values;
  const delays = values['sync-delay'] ?? (cases === undefined ? ['0', '5'] : ['0']);
  return {
    cases: cases === undefined ? CASES : named('case', CASES, cases),
    ...(subjects !== undefined && { subjects: named('subject', SUBJECTS, subjects) }),
    rounds: count('--rounds', values.rounds, 1),
    ...(messages !== undefined && { messages: count('--messages', messages, 1) }),
    ...(seconds !== undefined && { seconds: count('--seconds', seconds, 1) }),
    ...(sessions !== undefined && { sessions: count('--sessions', sessions, 1) }),
    json: values.json,
    profile: values.profile,
    ...(directory !== undefined && { directory }),
    syncDelaysMs: delays.map((delay) => count('--sync-delay', delay, 0)),
  };
}

/** Those of the list that are named, in the order of the list. */
function named<T extends { readonly name: string }>(
  kind: string,
  list: readonly T[],
  names: readonly string[],
): readonly T[] {
  const strange = names.find((name) => !list.some((each) => each.name === name));
  if (strange === undefined) return list.filter(({ name }) => names.includes(name));
  throw new Error(
    `there is no ${kind} ${strange}; there is ${list.map(({ name }) => name).join(', ')}`,
  );
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`${option} must be a whole number from ${least}: ${text}`);
  }
  return value;
}
