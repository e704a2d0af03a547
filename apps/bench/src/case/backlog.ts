/**
 * A queue that is full when its owner starts: how soon it delivers, how fast, in how much memory.
 *
 * One message is taken in while nobody listens at the sink and copied in the stopped queue. Then
 * the sink listens and the subject starts: the clock runs from the start of its process. For
 * half of the time nothing else happens; then five sessions send new mail, until the queue is
 * empty or the time is over. What came is checked like all mail; who did not finish in time is
 * checked for what came until then.
 */
import { join } from 'node:path';
import { BACKLOG_RUN, ORIGINAL } from '../backlog/copies.ts';
import { startSink } from '../arrival/sink-arrival.ts';
import type { SinkArrival } from '../arrival/sink-arrival.ts';
import { ClientSession } from '../load/client-session.ts';
import type { Entry } from '../load/client-session.ts';
import { COMMON_LOAD, envelopesOf } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { createNumbered, createPattern } from '../message.ts';
import type { MessagePattern } from '../message.ts';
import { now } from '../meter/clock.ts';
import { idleShare, machineTime } from '../meter/machine-time.ts';
import { processSeconds, watchTree } from '../meter/process-tree.ts';
import type { TreeBytes, TreeMeter } from '../meter/process-tree.ts';
import { percentiles } from '../report/statistics.ts';
import type { Percentiles } from '../report/statistics.ts';
import { entryOf } from '../stand.ts';
import { freePort, pause } from '../subject/child.ts';
import type { RunningSubject, Subject } from '../subject/subject.ts';
import type { BenchmarkCase, CaseContext } from './case.ts';

/** One subject. */
interface BacklogRow {
  readonly subject: string;
  readonly messages: number;
  /** From the start of the process to the first delivery. */
  readonly firstDeliverySeconds: number;
  /** From the start of the process to its greeting. */
  readonly listeningSeconds: number;
  /** Delivered a second, from the first delivery on, without other mail. */
  readonly drainedPerSecond: number;
  /** What the drain cost the subject and, as its measure, the sink. */
  readonly cpuSecondsPerThousand: number;
  readonly sinkCpuSecondsPerThousand: number;
  /** Of the whole machine, while it drained. */
  readonly idleShare: number;
  readonly drainPeak: TreeBytes;
  /** The same while new mail comes in; absent where the queue was empty before. */
  readonly churn?: Churn;
  readonly posthouseRatio?: number;
}

interface Churn {
  readonly takenPerSecond: number;
  /** From the final dot of new mail to its 250. */
  readonly replyMs: Percentiles;
  readonly deliveredPerSecond: number;
  readonly peak: TreeBytes;
}

const LOAD: Load = { ...COMMON_LOAD, destination: 'sink', messages: 100_000 };
/** Half of it alone, half with new mail beside. */
const DRAIN_MS = 60_000;
const CHURN_SESSIONS = 5;
const LOOK_EVERY_MS = 20;
/** A million may take that long until the first delivery. */
const FIRST_DEADLINE_MS = 120_000;
const TOLD_EVERY = 50_000;
const MEGABYTE = 1_000_000;

export const backlog: BenchmarkCase = {
  name: 'backlog',
  title: 'the start with 100,000 messages of 4 KB queued (or --messages 1000000) → sink',
  subjects: ['posthouse', 'postfix'],
  syncs: true,
  async run(context) {
    const rows: BacklogRow[] = [];
    for (const subject of context.subjects) {
      if (subject.multiply !== undefined) rows.push(await measure(subject, context));
    }
    const own = rows.find(({ subject }) => subject === 'posthouse');
    const compared = rows.map((row) =>
      own === undefined || row === own
        ? row
        : { ...row, posthouseRatio: own.drainedPerSecond / row.drainedPerSecond },
    );
    return { rows: compared, table: [HEAD, ...compared.map(cells)], notes: NOTES };
  },
};

const HEAD = [
  '',
  'queued',
  'greets s',
  'first delivery s',
  'drained/s',
  'CPU s/1000',
  'idle',
  'PSS MB',
  'RSS MB',
  'with intake/s',
  '250 p50 ms',
  'p99',
  'drained/s',
  'PSS MB',
  'RSS MB',
  'Posthouse is',
];
const NOTES = [
  'seconds count from the start of the process; memory is the highest of all its processes',
];

function cells(row: BacklogRow): readonly string[] {
  return [
    row.subject,
    String(row.messages),
    row.listeningSeconds.toFixed(1),
    row.firstDeliverySeconds.toFixed(1),
    row.drainedPerSecond.toFixed(0),
    row.cpuSecondsPerThousand.toFixed(2),
    `${(row.idleShare * 100).toFixed(0)} %`,
    ...memoryCells(row.drainPeak),
    row.churn?.takenPerSecond.toFixed(0) ?? '-',
    row.churn?.replyMs.p50.toFixed(1) ?? '-',
    row.churn?.replyMs.p99.toFixed(1) ?? '-',
    row.churn?.deliveredPerSecond.toFixed(0) ?? '-',
    ...(row.churn === undefined ? ['-', '-'] : memoryCells(row.churn.peak)),
    row.posthouseRatio === undefined ? '' : `${row.posthouseRatio.toFixed(2)} x`,
  ];
}

function memoryCells({ proportional, resident }: TreeBytes): readonly string[] {
  return [proportional, resident].map((octets) => (octets / MEGABYTE).toFixed(0));
}

async function measure(subject: Subject, context: CaseContext): Promise<BacklogRow> {
  const load = { ...LOAD, messages: context.messages ?? LOAD.messages };
  const port = await freePort();
  const setting = {
    directory: join(context.directory, subject.name),
    environment: context.environment,
    sink: { port, domains: 1 },
  };
  const pattern = createPattern(load.messageBytes);
  const first = await subject.start(setting);
  try {
    await sendOriginal(entryOf(subject, first, load.entry), pattern, load);
    await first.deferred?.();
  } finally {
    await first.stop();
  }
  await subject.multiply?.(setting.directory, {
    messages: load.messages,
    made(count) {
      const isTold = count % TOLD_EVERY === 0 || count === load.messages;
      if (isTold) context.tell(`backlog: ${subject.name} has ${count} of ${load.messages}`);
    },
  });
  const sink = await startSink({ ...load, port });
  try {
    const profile = context.profileDirectory;
    const running = await subject.start({
      ...setting,
      ...(profile !== undefined && { profileDirectory: profile }),
    });
    const meter = watchTree(running.pid);
    try {
      return await drain({ subject, running, sink, meter, load, pattern });
    } finally {
      meter.stop();
      await running.stop();
    }
  } finally {
    await sink.stop();
  }
}

async function sendOriginal(entry: Entry, pattern: MessagePattern, load: Load): Promise<void> {
  const session = await ClientSession.open(entry);
  const message = createNumbered(BACKLOG_RUN, pattern);
  await session.send(envelopesOf(load)(ORIGINAL), message(ORIGINAL));
  await session.close();
}

interface Draining {
  readonly subject: Subject;
  readonly running: RunningSubject;
  readonly sink: SinkArrival;
  readonly meter: TreeMeter;
  readonly load: Load;
  readonly pattern: MessagePattern;
}

async function drain(draining: Draining): Promise<BacklogRow> {
  const { load, meter, running, sink, subject } = draining;
  const firstAt = await firstDelivery(draining);
  const costs = watchCosts(draining);
  const alone = await deliveredUntil(sink, load.messages, now() + DRAIN_MS / 2);
  const shares = costs(alone.deliveries);
  const drainPeak = meter.peakBytes();
  const churn =
    alone.deliveries < load.messages ? await drainWithIntake(draining, alone) : undefined;
  await check(draining, churn === undefined || churn.isEmpty);
  return {
    subject: subject.name,
    messages: load.messages,
    firstDeliverySeconds: (firstAt - running.startedAt) / 1000,
    listeningSeconds: running.startedInMs / 1000,
    drainedPerSecond: (alone.deliveries / (alone.at - firstAt)) * 1000,
    ...shares,
    drainPeak,
    ...(churn && { churn: churn.found }),
  };
}

/** From now on until the answer is asked for; the few that were delivered before are counted. */
function watchCosts({
  meter,
  sink,
}: Draining): (
  deliveries: number,
) => Pick<BacklogRow, 'cpuSecondsPerThousand' | 'sinkCpuSecondsPerThousand' | 'idleShare'> {
  const machine = machineTime();
  const before = { subject: meter.cpuSeconds(), sink: processSeconds(sink.pid) };
  return (deliveries) => ({
    cpuSecondsPerThousand: ((meter.cpuSeconds() - before.subject) / deliveries) * 1000,
    sinkCpuSecondsPerThousand: ((processSeconds(sink.pid) - before.sink) / deliveries) * 1000,
    idleShare: idleShare(machine, machineTime()),
  });
}

async function firstDelivery({ running, sink, subject }: Draining): Promise<number> {
  while (now() - running.startedAt < FIRST_DEADLINE_MS) {
    const { firstAt } = await sink.taken();
    if (firstAt !== undefined) return firstAt;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`${subject.name}: nothing was delivered in ${FIRST_DEADLINE_MS / 1000} s`);
}

interface Delivered {
  readonly deliveries: number;
  readonly at: number;
}

async function deliveredUntil(
  sink: SinkArrival,
  deliveries: number,
  deadline: number,
): Promise<Delivered> {
  for (;;) {
    const { deliveries: count } = await sink.taken();
    const at = now();
    if (count >= deliveries || at >= deadline) return { deliveries: count, at };
    await pause(LOOK_EVERY_MS);
  }
}

async function drainWithIntake(
  { load, meter, pattern, running, sink, subject }: Draining,
  before: Delivered,
): Promise<{ readonly found: Churn; readonly isEmpty: boolean }> {
  const entry = entryOf(subject, running, load.entry);
  const deadline = now() + DRAIN_MS / 2;
  const intake = { taken: 0, isOver: false };
  const replyMs: number[] = [];
  const envelope = envelopesOf(load);
  const session = async (): Promise<void> => {
    const open = await ClientSession.open(entry);
    const message = createNumbered(BACKLOG_RUN, pattern);
    while (!intake.isOver && now() < deadline) {
      const number = load.messages + intake.taken + 1;
      intake.taken += 1;
      const sentAt = await open.send(envelope(number), message(number));
      replyMs.push(now() - sentAt);
    }
    await open.close();
  };
  const sessions = Promise.all(Array.from({ length: CHURN_SESSIONS }, session));
  const after = await deliveredUntil(sink, load.messages, deadline);
  intake.isOver = true;
  const startedAt = before.at;
  await sessions;
  const seconds = (now() - startedAt) / 1000;
  const drainSeconds = (after.at - startedAt) / 1000;
  const all = await deliveredUntil(sink, load.messages + intake.taken, deadline);
  return {
    found: {
      takenPerSecond: intake.taken / seconds,
      replyMs: percentiles(replyMs),
      deliveredPerSecond: (after.deliveries - before.deliveries) / drainSeconds,
      peak: meter.peakBytes(),
    },
    isEmpty: all.deliveries === load.messages + intake.taken,
  };
}

/** What came is whole and came once, and where the queue is empty, all came. */
async function check({ load, sink, subject }: Draining, isEmpty: boolean): Promise<void> {
  const { deliveries } = await sink.taken();
  const { foreign, good, repeated } = await sink.check(BACKLOG_RUN);
  if (foreign === 0 && repeated === 0 && (!isEmpty || good >= load.messages)) return;
  const text = `${good} whole, ${repeated} repeated, ${foreign} strange of ${deliveries}`;
  throw new Error(`${subject.name}: not every message arrived whole and once: ${text}`);
}
