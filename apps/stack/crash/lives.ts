/**
 * Lives of a system under load: each ends by kill -9 at its planned moment, and the next one
 * begins on what the last one left. In the end all that is queued is let go out.
 */
import type { Step } from './step.ts';
import { planKills, planText } from './step.ts';
import type { CrashSystem, ProcessName } from './crash-system.ts';
import { startLoad } from './load.ts';
import type { LoadTarget, SentMessage } from './load.ts';
import type { Progress } from './progress.ts';

export interface LivesOptions {
  readonly name: string;
  readonly kills: number;
  readonly steps: readonly Step[];
  /** Where a named step happens. */
  readonly processOf: (step: Step) => ProcessName;
  readonly random: () => number;
  readonly recipients: readonly string[];
  /** Told of each life's number before it begins. */
  readonly onLife?: (life: number) => void;
}

/** What happened. */
export interface Lives {
  readonly sent: readonly SentMessage[];
  /** When each life was killed, milliseconds since the epoch. */
  readonly killedAt: readonly number[];
  /** Kills that a named step made. */
  readonly atSteps: number;
  /** Ends of the queue's recipients, by queue id: `delivered`, `relayed`, ... */
  readonly ends: readonly QueueEnd[];
}

export interface QueueEnd {
  readonly message: string;
  readonly recipient: string;
  readonly kind: string;
  readonly at: number;
}

/** Acknowledged messages of one life at most; a step that has not come by then does not come. */
const MAX_ACKNOWLEDGED = 150;

export async function liveAndDie(
  options: LivesOptions,
  system: CrashSystem,
  progress: Progress,
): Promise<Lives> {
  const sent: SentMessage[] = [];
  const killedAt: number[] = [];
  let atSteps = 0;
  const plans = planKills(options.kills, options.steps, options.random);
  await system.kill(system.names); // each life begins with its own surroundings
  for (const [life, plan] of plans.entries()) {
    options.onLife?.(life);
    progress.reset();
    const chosen = victims(system.names, options.random);
    const dying = plan.kind === 'step' ? [options.processOf(plan.step)] : chosen;
    const env = plan.kind === 'step' ? stepEnvironment(plan) : {};
    if (plan.kind === 'step') await system.kill(dying); // one that has lived on knows of no step
    await system.start(Object.fromEntries(dying.map((name) => [name, env]))).catch(() => undefined); // a step may come within the start
    await retryAll(system);
    const load = startLoad(`${options.name}-${life}`, targetOf(system, options), {
      progress,
      sent,
    });
    const late = progress.reached('acknowledged', MAX_ACKNOWLEDGED).then(() => 'late' as const);
    if (plan.kind === 'step') {
      const end = system.ended(dying).then(() => 'step' as const);
      if ((await Promise.race([end, late])) === 'step') atSteps += 1;
    } else {
      await Promise.race([progress.reached(plan.of, plan.count), late]);
      for (let turn = 0; turn < plan.turns; turn += 1) await new Promise(setImmediate);
    }
    await system.kill(dying);
    killedAt.push(Date.now());
    await load.stop();
    const acknowledged = sent.filter(({ queueId }) => queueId !== undefined).length;
    tell(
      `${options.name}: kill ${life + 1} of ${options.kills} (${dying.join(', ')}: ${planText(plan)}), ${acknowledged} acknowledged`,
    );
  }
  options.onLife?.(options.kills);
  await system.start();
  const ends = await drain(system);
  return { sent, killedAt, atSteps, ends };
}

/** Neighbours that were dead rest for minutes: they are to be probed now. */
async function retryAll(system: CrashSystem): Promise<void> {
  try {
    for await (const _answer of system.order('queue.retry'));
  } catch {
    // it may be dead already, by a step within its start
  }
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One of them, or all. */
function victims(names: readonly ProcessName[], random: () => number): readonly ProcessName[] {
  const one = names[Math.floor(random() * (names.length + 1))];
  return one === undefined ? names : [one];
}

function stepEnvironment(plan: {
  readonly step: Step;
  readonly moment: string;
  readonly at: number;
}): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `--import=${new URL('kill-point.ts', import.meta.url).href}`,
    CRASH_STEP: `${plan.step}:${plan.moment}`,
    CRASH_AT: String(plan.at),
  };
}

function targetOf(system: CrashSystem, { recipients }: LivesOptions): LoadTarget {
  const { accounts, ca } = system.workplace;
  const user = 'alice@example.test';
  const password = accounts[user] ?? '';
  const submission = { ...system.submission, ca, user, password };
  return { submission, relay: system.relay, recipients };
}

interface Followed {
  readonly isCaughtUp?: true;
  readonly event?: {
    readonly kind: string;
    readonly message: string;
    readonly index?: number;
    readonly recipient?: string;
    readonly at: string;
  };
}

const ENDS: ReadonlySet<string> = new Set(['delivered', 'relayed', 'failed', 'expired', 'removed']);

/** Waits, by the event log, until every recipient has met its end. */
export async function drain(system: CrashSystem): Promise<readonly QueueEnd[]> {
  const open = new Set<string>();
  const ends: QueueEnd[] = [];
  await retryAll(system);
  const followed = system.order('queue.events', { follow: true }) as AsyncIterable<Followed>; // as it is made
  let isDelayed = false;
  for await (const { event, isCaughtUp = false } of followed) {
    if (event !== undefined) {
      const key = `${event.message} ${event.index}`;
      const { at, kind, message, recipient = '' } = event;
      if (kind === 'accepted') open.add(key);
      if (ENDS.has(kind)) {
        open.delete(key);
        ends.push({ message, recipient, kind, at: Date.parse(at) });
      }
      isDelayed ||= kind === 'attempted';
    }
    if (!isCaughtUp) continue;
    if (open.size === 0) return ends;
    if (isDelayed) await retryAll(system);
    isDelayed = false;
  }
  throw new Error('the event log broke off');
}
