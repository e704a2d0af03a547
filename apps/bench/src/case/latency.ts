/**
 * How long a message is under way, from its final dot to the file in the Maildir or the 250 of
 * the sink: when little goes on, and at half of what the slowest subject of the run can do.
 *
 * All get the same rate. What each can do is measured just before, in a round that is thrown
 * away, so everybody is warm.
 */
import { COMMON_LOAD } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { percentiles } from '../report/statistics.ts';
import type { Percentiles } from '../report/statistics.ts';
import { measurePaced, measureRound, openStand } from '../stand.ts';
import type { Stand } from '../stand.ts';
import type { BenchmarkCase, CaseContext } from './case.ts';

/** One subject at one rate. */
interface LatencyRow {
  readonly subject: string;
  readonly perSecond: number;
  readonly messages: number;
  /** To the 250 of the subject. */
  readonly replyMs: Percentiles;
  readonly arrivalMs: Percentiles;
}

const IDLE_PER_SECOND = 10;
const IDLE_MESSAGES = 150;
const HALF_LOAD_SECONDS = 10;
const WARM_MESSAGES = 2000;
const HEAD = ['', 'sent/s', '250: p50 ms', 'p99', 'arrived: p50 ms', 'p99', 'max'];

/** The case for one destination. */
export function latencyCase(
  name: string,
  title: string,
  destination: Load['destination'],
): BenchmarkCase {
  return {
    name,
    title,
    subjects: ['posthouse', 'postfix'],
    syncs: true,
    async run(context) {
      const { sessions = COMMON_LOAD.sessions } = context;
      const load = { ...COMMON_LOAD, destination, sessions };
      const rows = await measure(name, load, context);
      return { rows, table: [HEAD, ...rows.map(cells)], notes: [] };
    },
  };
}

function cells({ arrivalMs, perSecond, replyMs, subject }: LatencyRow): readonly string[] {
  const times = [replyMs.p50, replyMs.p99, arrivalMs.p50, arrivalMs.p99, arrivalMs.max];
  return [subject, perSecond.toFixed(0), ...times.map((time) => time.toFixed(1))];
}

async function measure(
  name: string,
  load: Load,
  context: CaseContext,
): Promise<readonly LatencyRow[]> {
  const { directory, environment } = context;
  const stands: Stand[] = [];
  try {
    for (const subject of context.subjects) {
      const stand = await openStand(subject, load, { directory, environment });
      if (stand.arrival === undefined) await stand.stop();
      else stands.push(stand);
    }
    const rates: number[] = [];
    for (const stand of stands) {
      const warm = { ...load, messages: WARM_MESSAGES };
      const { arrivedSeconds, messages } = await measureRound(stand, warm, 'warm');
      rates.push(messages / arrivedSeconds);
      context.tell(
        `${name}: ${stand.subject.name} can do ${(messages / arrivedSeconds).toFixed(0)}/s`,
      );
    }
    const half = Math.max(1, Math.floor(Math.min(...rates) / 2));
    const rows: LatencyRow[] = [];
    for (const perSecond of [IDLE_PER_SECOND, half]) {
      const isIdle = perSecond === IDLE_PER_SECOND;
      const messages = context.messages ?? (isIdle ? IDLE_MESSAGES : half * HALF_LOAD_SECONDS);
      for (const stand of stands) {
        const row = await latencyOf(stand, { ...load, messages }, perSecond);
        context.tell(`${name}: ${stand.subject.name} ${row.arrivalMs.p50.toFixed(1)} ms`);
        rows.push(row);
      }
    }
    return rows;
  } finally {
    for (const stand of stands) await stand.stop();
  }
}

async function latencyOf(stand: Stand, load: Load, perSecond: number): Promise<LatencyRow> {
  const sent = await measurePaced(stand, load, { perSecond, run: `paced${perSecond}` });
  return {
    subject: stand.subject.name,
    perSecond,
    messages: load.messages,
    replyMs: percentiles(sent.map(({ sentAt, takenAt }) => takenAt - sentAt)),
    arrivalMs: percentiles(sent.map(({ arrivedAt, sentAt }) => arrivedAt - sentAt)),
  };
}
