/**
 * Whether people can send mail while somebody guesses passwords: submission with STARTTLS and
 * AUTH → Maildir, ten messages a second, a new session for each; first in peace, then while
 * twenty sessions guess wrong passwords, from an address that changes with every connection.
 *
 * Postfix's logins are answered by us, at no cost: its figures show TLS and processes, not the
 * checking of passwords. Posthouse checks them with argon2.
 */
import { COMMON_LOAD } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { startLoginFlood } from '../load/login-flood.ts';
import type { FloodResult } from '../load/login-flood.ts';
import { percentiles } from '../report/statistics.ts';
import type { Percentiles } from '../report/statistics.ts';
import { measurePaced, openStand } from '../stand.ts';
import type { Stand } from '../stand.ts';
import type { BenchmarkCase, CaseContext } from './case.ts';

/** One subject. */
interface FloodRow {
  readonly subject: string;
  readonly peace: Honest;
  readonly flood: Honest;
  /** Wrong passwords that were answered, a second. */
  readonly guessesPerSecond: number;
}

/** What honest clients saw. */
interface Honest {
  /** From opening the connection to the 250, login included. */
  readonly submittedMs: Percentiles;
  /** From the final dot to the file. */
  readonly arrivalMs: Percentiles;
}

const PER_SECOND = 10;
const MESSAGES = 150;
const FLOODERS = 20;
const HEAD = ['', 'guesses/s', 'submitted: p50 ms', 'p99', 'max', 'arrived: p50 ms', 'p99', 'max'];
const NOTES = ['postfix: its passwords are checked by the bench, at no cost'];

export const flood: BenchmarkCase = {
  name: 'flood',
  title:
    'submission → Maildir, 10 messages a second, in peace and while 20 sessions guess passwords',
  subjects: ['posthouse', 'postfix'],
  syncs: true,
  async run(context) {
    const rows: FloodRow[] = [];
    for (const subject of context.subjects) {
      if (subject.name === 'ceiling') continue;
      const load: Load = {
        ...COMMON_LOAD,
        entry: 'submission',
        reuse: false,
        messages: context.messages ?? MESSAGES,
      };
      const { directory, environment } = context;
      const stand = await openStand(subject, load, { directory, environment });
      try {
        rows.push(await measure(stand, load, context));
      } finally {
        await stand.stop();
      }
    }
    const lines = rows.flatMap(({ flood: during, guessesPerSecond, peace, subject }) => [
      [subject, '0', ...cells(peace)],
      [subject, guessesPerSecond.toFixed(0), ...cells(during)],
    ]);
    return { rows, table: [HEAD, ...lines], notes: NOTES };
  },
};

function cells({ arrivalMs, submittedMs }: Honest): readonly string[] {
  return [submittedMs, arrivalMs]
    .flatMap(({ max, p50, p99 }) => [p50, p99, max])
    .map((time) => time.toFixed(1));
}

async function measure(stand: Stand, load: Load, context: CaseContext): Promise<FloodRow> {
  const subject = stand.subject.name;
  const peace = await honest(stand, load, 'peace');
  const guessing = startLoginFlood(stand.entry, context.sessions ?? FLOODERS);
  let during: Honest;
  let result: FloodResult;
  try {
    during = await honest(stand, load, 'flood');
  } finally {
    result = await guessing.stop();
  }
  const guessesPerSecond = result.answered / result.seconds;
  context.tell(`flood: ${subject} answered ${guessesPerSecond.toFixed(0)} guesses/s`);
  return { subject, peace, flood: during, guessesPerSecond };
}

async function honest(stand: Stand, load: Load, run: string): Promise<Honest> {
  const sent = await measurePaced(stand, load, { perSecond: PER_SECOND, run });
  return {
    submittedMs: percentiles(sent.map(({ begunAt, takenAt }) => takenAt - begunAt)),
    arrivalMs: percentiles(sent.map(({ arrivedAt, sentAt }) => arrivedAt - sentAt)),
  };
}
