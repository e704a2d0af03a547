/**
 * A real process of the sample program: its log as events, to be waited for, and its end.
 *
 * A process that a test leaves running is killed when the test is over.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

export type LogEvent = Readonly<Record<string, unknown>>;

export interface Child {
  readonly process: ChildProcess;
  /** The first event of this name that has not been waited for. */
  event(name: string): Promise<LogEvent>;
  /** Resolves with exit code, or the signal, and all that it wrote. */
  readonly end: Promise<Ended>;
  signal(signal: NodeJS.Signals): void;
}

export interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The names of the events in their order. */
  readonly events: readonly string[];
}

const PROGRAM = join(import.meta.dirname, 'programs', 'agent.ts');

/** A new directory, which goes with the test; with a configuration file if there is text for one. */
export async function workplace(configuration?: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-process-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  if (configuration !== undefined) await configure(directory, configuration);
  return directory;
}

export async function configure(directory: string, configuration: string): Promise<void> {
  await writeFile(join(directory, 'posthouse.toml'), configuration);
}

/** Starts the sample program in a directory. */
export function startChild(
  directory: string,
  args: readonly string[] = [],
  options: { readonly env?: Readonly<Record<string, string>>; readonly ipc?: boolean } = {},
): Child {
  const child = spawn(process.execPath, ['--conditions=@posthouse/source', PROGRAM, ...args], {
    cwd: directory,
    env: { ...process.env, ...options.env },
    stdio: options.ipc === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const waiters: { name: string; found: (event: LogEvent) => void }[] = [];
  const unread: LogEvent[] = [];
  const stdout = child.stdout ?? process.stdin;
  createInterface(stdout).on('line', (line) => {
    lines.push(line);
    const event = parse(line);
    if (event === undefined) return;
    const waiter = waiters.findIndex(({ name }) => name === event['event']);
    if (waiter === -1) unread.push(event);
    else waiters.splice(waiter, 1)[0]?.found(event);
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    process: child,
    signal: (signal) => void child.kill(signal),
    event(name) {
      const known = unread.findIndex((event) => event['event'] === name);
      const [event] = known === -1 ? [] : unread.splice(known, 1);
      if (event !== undefined) return Promise.resolve(event);
      return new Promise((resolve) => waiters.push({ name, found: resolve }));
    },
    end: ended(child).then(([code, signal]): Ended => {
      const events = lines.map((line) => String(parse(line)?.['event']));
      return { code: code ?? signal, stdout: lines.join('\n'), stderr, events };
    }),
  };
}

/** Not `close`, which does not come where an IPC channel was disconnected. */
async function ended(child: ChildProcess): Promise<[number | null, string | null]> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const closed = streams.map((stream) => once(stream, 'close'));
  const exit = (await once(child, 'exit')) as [number | null, string | null]; // as documented
  await Promise.all(closed);
  return exit;
}

function parse(line: string): LogEvent | undefined {
  try {
    return JSON.parse(line) as LogEvent; // our own log
  } catch {
    return undefined;
  }
}
