/**
 * One subject in one case: started once, loaded round after round.
 *
 * The clock runs from the first connection until the last message has its 250, and on until
 * the last one has arrived. After each round everything that came is read and compared; a
 * message that is missing, repeated or not whole fails the run.
 */
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import type { Arrival } from './arrival/arrival.ts';
import { watchMailbox } from './arrival/mailbox-arrival.ts';
import { startSink } from './arrival/sink-arrival.ts';
import type { SinkArrival } from './arrival/sink-arrival.ts';
import type { BenchmarkCase } from './benchmark-case.ts';
import type { Entry } from './load/client-session.ts';
import { drive } from './load/drive.ts';
import { MAILBOX, REMOTE_MAILBOX, createPattern } from './message.ts';
import type { MessagePattern } from './message.ts';
import { watchTree } from './meter/process-tree.ts';
import type { TreeMeter } from './meter/process-tree.ts';
import { pause } from './subject/child.ts';
import type { RunningSubject, Subject, SubjectSetting } from './subject/subject.ts';

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

/** A subject under a case's load. */
export interface Contender {
  readonly subject: Subject;
  /** @throws Error when mail is refused, lost, repeated or damaged */
  measure(run: string, messages: number): Promise<Measurement>;
  stop(): Promise<void>;
}

/** What follows a message that has arrived (queue records, logs) belongs to its cost. */
const SETTLE_MS = 500;

/** Starts a subject for a case. @throws Error */
export async function startContender(
  subject: Subject,
  benchmark: BenchmarkCase,
  setting: SubjectSetting,
): Promise<Contender> {
  const pattern = createPattern(benchmark.messageBytes);
  const sink =
    benchmark.destination === 'sink' ? await startSink(benchmark.messageBytes) : undefined;
  const running = await subject.start({
    ...setting,
    directory: join(setting.directory, subject.name),
    ...(sink && { sinkPort: sink.port }),
  });
  const entry = benchmark.entry === 'exchange' ? running.exchange : running.submission;
  if (entry === undefined) throw new Error(`${subject.name} has no submission`);
  const arrival = await openArrival({ running, sink, entry, pattern });
  const load = { benchmark, entry, pattern, ...(arrival && { arrival }) };
  const meter = watchTree(running.pid);
  return {
    subject,
    measure: (run, messages) => measure(load, meter, run, messages),
    async stop() {
      meter.stop();
      await running.stop();
      await arrival?.stop();
    },
  };
}

interface Opening {
  readonly running: RunningSubject;
  readonly sink: SinkArrival | undefined;
  readonly entry: Entry;
  readonly pattern: MessagePattern;
}

/** A first message makes the mailbox; who throws mail away has no arrivals. */
async function openArrival(opening: Opening): Promise<Arrival | undefined> {
  const { entry, pattern, running, sink } = opening;
  if (running.mailbox === undefined) {
    await sink?.stop();
    return undefined;
  }
  if (sink) return sink;
  const { mailbox } = running;
  const envelope = { reversePath: MAILBOX, forwardPath: MAILBOX };
  await drive(entry, { run: 'first', messages: 1, sessions: 1, reuse: true, pattern, envelope });
  while (!existsSync(mailbox)) await pause(20);
  await pause(SETTLE_MS);
  return watchMailbox(mailbox, pattern);
}

interface Load {
  readonly benchmark: BenchmarkCase;
  readonly entry: Entry;
  readonly pattern: MessagePattern;
  readonly arrival?: Arrival;
}

async function measure(
  { arrival, benchmark, entry, pattern }: Load,
  meter: TreeMeter,
  run: string,
  messages: number,
): Promise<Measurement> {
  const { reuse, sessions } = benchmark;
  const forwardPath = benchmark.destination === 'sink' ? REMOTE_MAILBOX : MAILBOX;
  const envelope = { reversePath: MAILBOX, forwardPath };
  meter.peakBytes();
  const cpuBefore = meter.cpuSeconds();
  const startedAt = performance.now();
  const secondsSince = (): number => (performance.now() - startedAt) / 1000;
  await drive(entry, { run, messages, sessions, reuse, pattern, envelope });
  const acceptedSeconds = secondsSince();
  await arrival?.reached(messages);
  const arrivedSeconds = secondsSince();
  await pause(SETTLE_MS);
  const cpuSeconds = meter.cpuSeconds() - cpuBefore;
  const peakBytes = meter.peakBytes();
  const found = await arrival?.check(run);
  if (found && (found.good !== messages || found.repeated > 0 || found.foreign > 0)) {
    const text = `${found.good} whole, ${found.repeated} repeated, ${found.foreign} strange`;
    throw new Error(`not every message arrived whole and once: of ${messages}, ${text}`);
  }
  return { messages, acceptedSeconds, arrivedSeconds, cpuSeconds, peakBytes };
}
