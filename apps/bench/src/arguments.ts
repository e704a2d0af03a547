/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { CASES } from './benchmark-case.ts';
import type { SubjectName } from './benchmark-case.ts';

/** What was asked for. */
export interface BenchOptions {
  readonly cases: readonly string[];
  readonly subjects: readonly SubjectName[];
  /** Rounds that count; one more runs first. */
  readonly rounds: number;
  /** Messages of a round; absent: as the case says. */
  readonly messages?: number;
  readonly json: boolean;
  /** Write CPU profiles of Posthouse below the directory. */
  readonly profile: boolean;
  /** Where everything lies; absent: a new directory among the temporary ones. */
  readonly directory?: string;
  /** All cases are run with each of these: how much longer every sync call lasts; 0: as the disk is. */
  readonly syncDelaysMs: readonly number[];
}

const SUBJECTS: readonly SubjectName[] = ['posthouse', 'postfix', 'ceiling'];
const START = 'start';

/** The name of the case that only starts and idles. */
export const START_CASE: string = START;

export const USAGE: string = `Usage: npm run bench -- [options]

Measures Posthouse beside Postfix (where it is installed) and a bare smtp-server.

  --case NAME        only this case; may be repeated
  --subject NAME     only this one of ${SUBJECTS.join(', ')}; may be repeated
  --rounds N         rounds that count, after one that does not (3)
  --messages N       messages in each round, in place of the case's own number
  --sync-delay MS    let every sync call last that much longer, for all alike; may be repeated
                     (0, and 5 as well when all cases are run; needs a C compiler)
  --profile          write and summarize CPU profiles of Posthouse
  --json             print the results as JSON
  --directory DIR    work in this directory, which must not exist, and leave it

Cases:
${[...CASES, { name: START, title: 'time until Posthouse listens, and its memory when idle' }]
  .map(({ name, title }) => `  ${name.padEnd(18)} ${title}`)
  .join('\n')}`;

/** @throws Error in words for people; @returns undefined where help was asked for */
export function readArguments(argv: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      case: { type: 'string', multiple: true },
      subject: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '3' },
      messages: { type: 'string' },
      'sync-delay': { type: 'string', multiple: true },
      profile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      directory: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const known = [...CASES.map(({ name }) => name), START];
  const cases = values.case ?? known;
  const strange = cases.find((name) => !known.includes(name));
  if (strange !== undefined) throw new Error(`there is no case ${strange}`);
  const messages = values.messages;
  const delays = values['sync-delay'] ?? (values.case === undefined ? ['0', '5'] : ['0']);
  return {
    cases,
    subjects: subjectsOf(values.subject),
    rounds: count('--rounds', values.rounds, 1),
    ...(messages === undefined ? {} : { messages: count('--messages', messages, 1) }),
    json: values.json,
    profile: values.profile,
    ...(values.directory === undefined ? {} : { directory: values.directory }),
    syncDelaysMs: delays.map((delay) => count('--sync-delay', delay, 0)),
  };
}

function subjectsOf(names: readonly string[] | undefined): readonly SubjectName[] {
  const strange = names?.find((name) => !SUBJECTS.some((subject) => subject === name));
  if (strange !== undefined) throw new Error(`there is no subject ${strange}`);
  return names === undefined ? SUBJECTS : SUBJECTS.filter((subject) => names.includes(subject));
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`${option} must be a whole number from ${least}: ${text}`);
  }
  return value;
}
