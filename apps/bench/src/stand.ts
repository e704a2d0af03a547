/**
 * A subject that runs, with a load's way in and its destination: what every case starts with.
 *
 * One round of a load: the clock runs from the first connection until the last message has its
 * 250, and on until the last one has arrived. Then everything that came is read and compared;
 * a message that is missing, repeated or not whole fails the run.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PATIENCE_MS } from './arrival/arrival.ts';
import type { Arrival, Findings } from './arrival/arrival.ts';
import { watchMailbox } from './arrival/mailbox-arrival.ts';
import { startSink } from './arrival/sink-arrival.ts';
import type { SinkArrival } from './arrival/sink-arrival.ts';
import { ClientSession } from './load/client-session.ts';
import type { Entry } from './load/client-session.ts';
import { drive } from './load/drive.ts';
import { TO_MAILBOX, envelopesOf } from './load/load.ts';
import type { Load } from './load/load.ts';
import { drivePaced } from './load/pace.ts';
import type { SentMessage } from './load/pace.ts';
import { createNumbered, createPattern } from './message.ts';
import { now } from './meter/clock.ts';
import type { MessagePattern } from './message.ts';
import { idleShare, machineTime } from './meter/machine-time.ts';
import { processSeconds, watchTree } from './meter/process-tree.ts';
import type { TreeMeter } from './meter/process-tree.ts';
import { pause } from './subject/child.ts';
import type { RunningSubject, Subject, SubjectSetting } from './subject/subject.ts';

/** A subject under a case's load. */
export interface Stand {
  readonly subject: Subject;
  readonly running: RunningSubject;
  readonly entry: Entry;
  readonly pattern: MessagePattern;
  /** Absent for who throws mail away. */
  readonly arrival?: Arrival;
  /** The same, where mail is relayed. */
  readonly sink?: SinkArrival;
  stop(): Promise<void>;
}

/** What one round took. */
export interface Measurement {
  readonly messages: number;
  /** Until the last 250. */
  readonly acceptedSeconds: number;
  /** Until the last message was there. */
  readonly arrivedSeconds: number;
  /** Of all the subject's processes, until half a second after that. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Of the whole machine, until the last message was there. */
  readonly idleShare: number;
  /** What we took of the machine ourselves until then, */
  readonly driverCpuSeconds: number;
  /** and what the sink took. */
  readonly sinkCpuSeconds: number;
}

/** What follows a message that has arrived (queue records, logs) belongs to its cost. */
export const SETTLE_MS = 500;

/** Starts a subject below `setting.directory`. @throws Error, and leaves nothing running */
export async function openStand(
  subject: Subject,
  load: Load,
  setting: Omit<SubjectSetting, 'sink'>,
): Promise<Stand> {
  await using started = new AsyncDisposableStack();
  const keeps = subject.destinations?.length !== 0;
  const sink = keeps && load.destination === 'sink' ? await startSink(load) : undefined;
  started.defer(() => sink?.stop());
  const running = await subject.start({
    ...setting,
    directory: join(setting.directory, subject.name),
    ...(sink && { sink: { port: sink.port, domains: load.domains } }),
  });
  started.defer(() => running.stop());
  const entry = entryOf(subject, running, load.entry);
  const pattern = createPattern(load.messageBytes);
  const mailbox = await openMailbox({ running, sink, entry, pattern });
  started.defer(() => mailbox?.stop());
  const arrival = sink ?? mailbox;
  const all = started.move();
  return {
    subject,
    running,
    entry,
    pattern,
    ...(arrival && { arrival }),
    ...(sink && { sink }),
    stop: () => all.disposeAsync(),
  };
}

/** @throws Error where the subject has no such way in */
export function entryOf(subject: Subject, running: RunningSubject, kind: Load['entry']): Entry {
  const entry = running[kind];
  if (entry === undefined) throw new Error(`${subject.name} has no ${kind}`);
  return entry;
}

interface Opening {
  readonly running: RunningSubject;
  readonly sink: SinkArrival | undefined;
  readonly entry: Entry;
  readonly pattern: MessagePattern;
}

/** A first message makes the mailbox; who throws mail away has no arrivals. */
async function openMailbox(opening: Opening): Promise<Arrival | undefined> {
  const { entry, pattern, running, sink } = opening;
  if (sink !== undefined || running.mailbox === undefined) return undefined;
  const { mailbox } = running;
  const session = await ClientSession.open(entry);
  await session.send(TO_MAILBOX, createNumbered('first', pattern)(1));
  await session.close();
  const deadline = now() + PATIENCE_MS;
  while (!existsSync(mailbox) || readdirSync(mailbox).length === 0) {
    if (now() > deadline) throw new Error(`nothing arrives in ${mailbox}`);
    await pause(20);
  }
  await pause(SETTLE_MS);
  return watchMailbox(mailbox, pattern);
}

/** One round. @throws Error, with the subject's name, when mail is refused, lost, repeated or damaged */
export async function measureRound(stand: Stand, load: Load, run: string): Promise<Measurement> {
  // Only who is loaded is looked at: looking has a cost.
  const meter = watchTree(stand.running.pid);
  try {
    return await measure(stand, meter, load, run);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${stand.subject.name}: ${reason}`, { cause });
  } finally {
    meter.stop();
  }
}

async function measure(
  { arrival, entry, pattern, sink }: Stand,
  meter: TreeMeter,
  load: Load,
  run: string,
): Promise<Measurement> {
  const { recipients, reuse, sessions } = load;
  const cpuBefore = meter.cpuSeconds();
  const harness = watchHarness(sink);
  const startedAt = now();
  const shape = { run, messages: load.messages, seconds: load.seconds, sessions, reuse, pattern };
  const messages = await drive(entry, { ...shape, envelope: envelopesOf(load) });
  const acceptedAt = now();
  await arrival?.reached(messages * recipients);
  const shares = harness();
  await pause(SETTLE_MS);
  const cpuSeconds = meter.cpuSeconds() - cpuBefore;
  const peakBytes = meter.peakBytes().proportional;
  const found = await arrival?.check(run);
  expectAll(found, messages * recipients);
  const times = [...(found?.times.values() ?? [])];
  const arrivedAt = times.reduce((latest, at) => Math.max(latest, at), acceptedAt);
  const seconds = (at: number): number => (at - startedAt) / 1000;
  return {
    messages,
    acceptedSeconds: seconds(acceptedAt),
    arrivedSeconds: seconds(arrivedAt),
    cpuSeconds,
    peakBytes,
    ...shares,
  };
}

/** From now on until the answer is asked for. */
function watchHarness(
  sink: SinkArrival | undefined,
): () => Pick<Measurement, 'driverCpuSeconds' | 'sinkCpuSeconds' | 'idleShare'> {
  const machine = machineTime();
  const sinkSeconds = (): number => (sink === undefined ? 0 : processSeconds(sink.pid));
  const sinkBefore = sinkSeconds();
  const own = process.cpuUsage();
  return () => {
    const { system, user } = process.cpuUsage(own);
    return {
      idleShare: idleShare(machine, machineTime()),
      driverCpuSeconds: (user + system) / 1e6,
      sinkCpuSeconds: sinkSeconds() - sinkBefore,
    };
  };
}

/** A message, all the way. */
export interface TimedMessage extends SentMessage {
  /** It was there, by our `now`. */
  readonly arrivedAt: number;
}

/** A load at a steady rate. @throws Error when mail is refused, lost, repeated or damaged */
export async function measurePaced(
  { arrival, entry, pattern }: Stand,
  load: Load,
  { perSecond, run }: { readonly perSecond: number; readonly run: string },
): Promise<readonly TimedMessage[]> {
  const { messages, reuse, sessions } = load;
  arrival?.listen();
  const shape = { messages, reuse, sessions, pattern, envelope: envelopesOf(load) };
  const sent = await drivePaced(entry, { ...shape, perSecond, run });
  await arrival?.reached(messages);
  const found = await arrival?.check(run);
  expectAll(found, messages);
  return sent.map((each) => ({ ...each, arrivedAt: found?.times.get(each.number) ?? Number.NaN }));
}

/** @throws Error unless all that was sent is there, whole, once */
export function expectAll(found: Findings | undefined, deliveries: number): void {
  if (found === undefined) return;
  const { foreign, good, repeated } = found;
  if (good === deliveries && repeated === 0 && foreign === 0) return;
  const text = `${good} whole, ${repeated} repeated, ${foreign} strange`;
  throw new Error(`not every message arrived whole and once: of ${deliveries}, ${text}`);
}
