/**
 * A subject that runs, with a load's way in and its destination: what every case starts with.
 *
 * One round of a load: the clock runs from the first connection until the last message has its
 * 250, and on until the last one has arrived. Then everything that came is read and compared;
 * a message that is missing, repeated or not whole fails the run.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Arrival, Findings } from './arrival/arrival.ts';
import { watchMailbox } from './arrival/mailbox-arrival.ts';
import { startSink } from './arrival/sink-arrival.ts';
import type { SinkArrival } from './arrival/sink-arrival.ts';
import type { Entry } from './load/client-session.ts';
import { drive } from './load/drive.ts';
import { MAILBOX, envelopesOf } from './load/load.ts';
import type { Load } from './load/load.ts';
import { drivePaced } from './load/pace.ts';
import type { SentMessage } from './load/pace.ts';
import { createPattern } from './message.ts';
import type { MessagePattern } from './message.ts';
import { watchTree } from './meter/process-tree.ts';
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
  readonly meter: TreeMeter;
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
  const meter = watchTree(running.pid);
  started.defer(() => meter.stop());
  const arrival = sink ?? mailbox;
  const all = started.move();
  return {
    subject,
    running,
    entry,
    pattern,
    ...(arrival && { arrival }),
    ...(sink && { sink }),
    meter,
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
  const envelope = { reversePath: MAILBOX, forwardPaths: [MAILBOX] };
  const one = { run: 'first', messages: 1, sessions: 1, reuse: true, pattern };
  await drive(entry, { ...one, envelope: () => envelope });
  while (!existsSync(mailbox) || readdirSync(mailbox).length === 0) await pause(20);
  await pause(SETTLE_MS);
  return watchMailbox(mailbox, pattern);
}

/** One round. @throws Error, with the subject's name, when mail is refused, lost, repeated or damaged */
export async function measureRound(stand: Stand, load: Load, run: string): Promise<Measurement> {
  try {
    return await measure(stand, load, run);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${stand.subject.name}: ${reason}`, { cause });
  }
}

async function measure(stand: Stand, load: Load, run: string): Promise<Measurement> {
  const { arrival, entry, meter, pattern } = stand;
  const { messages, recipients, reuse, sessions } = load;
  meter.peakBytes();
  const cpuBefore = meter.cpuSeconds();
  const startedAt = performance.now();
  const secondsSince = (): number => (performance.now() - startedAt) / 1000;
  await drive(entry, { run, messages, sessions, reuse, pattern, envelope: envelopesOf(load) });
  const acceptedSeconds = secondsSince();
  await arrival?.reached(messages * recipients);
  const arrivedSeconds = secondsSince();
  await pause(SETTLE_MS);
  const cpuSeconds = meter.cpuSeconds() - cpuBefore;
  const peakBytes = meter.peakBytes().proportional;
  expectAll(await arrival?.check(run), messages * recipients);
  return { messages, acceptedSeconds, arrivedSeconds, cpuSeconds, peakBytes };
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
