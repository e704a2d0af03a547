/**
 * An executable of ours as a real process: its log to be waited for, its disk to be looked
 * at, signals and kill -9, and the same again after that.
 *
 * Nothing sleeps: what is waited for is an event of the log or the end of the process, and
 * waiting for an event rejects, with what the process said last, when it ends first. None
 * outlives its test: one that was not stopped is killed, by its own process id.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { createEventLog } from './event-log.ts';
import type { EventLog, LogEvent } from './event-log.ts';

/** What to run, and where. */
export interface AgentProcessOptions {
  /** Absolute path of the executable; a source file runs with the sources of the workspace. */
  readonly program: string;
  /** Where it runs. */
  readonly directory: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether we hold an IPC channel to it, as a supervisor does. @default false */
  readonly ipc?: boolean;
  /** Takes what kills the process when its time is over. @default at the end of the test */
  readonly atEnd?: (kill: () => Promise<void>) => void;
}

/** How a process ended. */
export interface AgentEnd {
  /** The exit code, or the signal that killed it. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
  /** The names of its events in their order. */
  readonly events: readonly string[];
}

/** A process that was started. */
export interface AgentProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Its events; waiting ends with the process. */
  readonly log: Pick<EventLog, 'events' | 'next'>;
  signal(signal: NodeJS.Signals): void;
  readonly end: Promise<AgentEnd>;
  /** SIGTERM, and waits. */
  stop(): Promise<AgentEnd>;
  /** SIGKILL, and waits. */
  kill(): Promise<AgentEnd>;
}

/** Those that run, for the case that our own process ends before their test does. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts it. */
export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  const { args = [], atEnd = onTestFinished, program } = options;
  const conditions = program.endsWith('.ts') ? ['--conditions=@posthouse/source'] : [];
  const child = spawn(process.execPath, [...conditions, program, ...args], {
    cwd: options.directory,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc === true ? (['ipc'] as const) : [])],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const log = createEventLog();
  const output = listen(child, log);
  const end = ended(child).then((code): AgentEnd => {
    const { stderr, stdout } = output;
    log.end(new Error(`the process ended with ${code}: ${stderr}\n${stdout.slice(-2000)}`));
    return { code, stdout, stderr, events: log.events.map((event) => String(event['event'])) };
  });
  const endBy = (signal: NodeJS.Signals): Promise<AgentEnd> => {
    child.kill(signal);
    return end;
  };
  atEnd(async () => void (await endBy('SIGKILL')));
  return {
    process: child,
    pid: child.pid ?? Number.NaN,
    log,
    signal: (signal) => void child.kill(signal),
    end,
    stop: () => endBy('SIGTERM'),
    kill: () => endBy('SIGKILL'),
  };
}

interface Output {
  stdout: string;
  stderr: string;
}

function listen(child: ChildProcess, log: EventLog): Output {
  const output: Output = { stdout: '', stderr: '' };
  if (child.stdout === null || child.stderr === null) throw new TypeError('its output is not ours');
  createInterface(child.stdout).on('line', (line) => {
    output.stdout += `${line}\n`;
    const event = readEvent(line);
    if (event !== undefined) log.add(event);
  });
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  return output;
}

/** Not `close`, which does not come where an IPC channel was disconnected. */
async function ended(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const closed = streams.map((stream) => once(stream, 'close'));
  const [code, signal] = (await once(child, 'exit')) as [number, null] | [null, NodeJS.Signals]; // as documented
  await Promise.all(closed);
  return code ?? signal;
}

function readEvent(line: string): LogEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'event' in value
      ? (value as LogEvent) // an object of JSON
      : undefined;
  } catch {
    return undefined;
  }
}
