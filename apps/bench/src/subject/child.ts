/**
 * A program that runs beside us, with its output in a file.
 *
 * It ends with us, however we end. Before that it is ended by the signal that it expects; when it
 * does not end within half a minute, that is told, because a subject that hangs at its end is a
 * finding, and it is killed, because it would be in the way of the next.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Environment } from '../meter/slow-sync.ts';
import { willEndTree } from './last-will.ts';

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 30_000;
const KNOCK_EVERY_MS = 5;

/** A program. */
export interface Child {
  readonly pid: number;
  /** Resolves when it listens on the port. @throws Error with the end of its output */
  listening(port: number): Promise<void>;
  /** @throws Error when it does not end by itself */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** What to run, and where. */
export interface Start {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Takes what it prints. */
  readonly logFile: string;
  /** Besides our own. */
  readonly environment?: Environment | undefined;
}

/** Starts a command. @throws Error */
export function startChild({ command, cwd, environment, logFile }: Start): Child {
  const [program = '', ...args] = command;
  const log = openSync(logFile, 'a');
  const env = { ...process.env, ...environment };
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', log, log] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} cannot be started`);
  const isTraced = program === 'strace';
  const will = willEndTree(pid);
  child.once('exit', () => will.revoke());
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    pid,
    async listening(port) {
      const deadline = Date.now() + START_DEADLINE_MS;
      while (!(await answers(port))) {
        if (hasEnded(child) || Date.now() > deadline) {
          throw new Error(`${program} does not listen: ${tail(logFile)}`);
        }
        await pause(KNOCK_EVERY_MS);
      }
    },
    async stop(signal) {
      if (hasEnded(child)) return;
      for (const target of signalled(pid, isTraced)) sendSignal(target, signal);
      const late = pause(STOP_DEADLINE_MS, false).then(() => {
        if (hasEnded(child)) return;
        will.fulfil();
        throw new Error(`${program} (${pid}) does not end: ${tail(logFile)}`);
      });
      await Promise.race([ended, late]);
    },
  };
}

/** A port of loopback that nobody has at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Waits; `holds` says whether the program lives on for it. */
export function pause(ms: number, holds = true): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (!holds) timer.unref();
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** strace does not pass on what it is told to end by; its child must be told. */
function signalled(pid: number, isTraced: boolean): readonly number[] {
  if (!isTraced) return [pid];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

/** Who has ended by itself meanwhile needs none. */
function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Whether a greeting comes. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('end', () => end(false));
  });
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').slice(-2000);
}
