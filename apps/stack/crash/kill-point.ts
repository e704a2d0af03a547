/**
 * Loaded into an agent before anything else (`--import`): kills the process, with SIGKILL, at a
 * named step. The agents themselves know nothing of it.
 *
 * The step is `CRASH_STEP`, as `<step>:before` or `<step>:after`; `CRASH_AT` says at which of its
 * occurrences. It stands around the calls of Node that the step is made of, in every thread.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { Duplex } from 'node:stream';
import type { Step } from './step.ts';

const [wanted = '', moment = ''] = (process.env['CRASH_STEP'] ?? '').split(':');
let left = Number(process.env['CRASH_AT'] ?? '1');

/** Runs a call that is the step, or is not. */
function around<Result>(step: Step | undefined, call: () => Result): Result {
  if (step === undefined || step !== wanted || (left -= 1) > 0) return call();
  if (moment === 'before') kill();
  const result = call();
  kill();
  return result;
}

/** The same for a call that ends in its callback. */
function aroundCallback(
  step: Step | undefined,
  done: (error: Error | null) => void,
  call: (done: (error: Error | null) => void) => void,
): void {
  if (step !== wanted || (left -= 1) > 0) return call(done);
  if (moment === 'before') kill();
  return call(kill);
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL');
}

if (wanted !== '') {
  hookFiles();
  hookStore();
  hookSockets();
  syncBuiltinESMExports();
}

function hookFiles(): void {
  const { fsync, link, rename, renameSync } = fs;
  Object.assign(fs, {
    fsync: (descriptor: number, done: (error: Error | null) => void) =>
      aroundCallback(stepOfSync(descriptor), done, (next) => fsync(descriptor, next)),
    rename: (from: string, to: string, done: (error: Error | null) => void) =>
      aroundCallback(stepOfName(to), done, (next) => rename(from, to, next)),
    // In the thread for files it is called plainly.
    renameSync: (from: string, to: string) => around(stepOfName(to), () => renameSync(from, to)),
    link: (from: string, to: string, done: (error: Error | null) => void) =>
      aroundCallback(stepOfName(to), done, (next) => link(from, to, next)),
  });
}

function stepOfSync(descriptor: number): Step | undefined {
  const path = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  if (path.includes('/queue/')) return 'content-sync';
  return path.includes('/Maildir/') ? 'mailbox-sync' : undefined;
}

function stepOfName(path: string): Step | undefined {
  return path.includes('/Maildir/') && path.includes('/new/') ? 'publish' : undefined;
}

/** Calls the original of a method that was replaced, on whatever it was called on. */
type Method = (...values: readonly unknown[]) => unknown;

/** Replaces a method by one that is around it. */
function hook<This>(
  prototype: This & object,
  name: keyof This & string,
  stepOf: (self: This, values: readonly unknown[]) => Step | undefined,
): void {
  const original = prototype[name] as Method; // the callers give names of methods
  Object.assign(prototype, {
    [name](this: This, ...values: readonly unknown[]): unknown {
      return around(stepOf(this, values), () => original.apply(this, [...values]));
    },
  });
}

function hookStore(): void {
  let removes = false;
  hook(StatementSync.prototype, 'run', ({ sourceSQL }) => {
    if (sourceSQL.startsWith('DELETE FROM recipient')) removes = true;
    return undefined;
  });
  hook(DatabaseSync.prototype, 'exec', (_database, [sql]) => {
    if (sql !== 'COMMIT') return undefined;
    const step = removes ? 'removal' : 'commit';
    removes = false;
    return step;
  });
}

function hookSockets(): void {
  hook(Duplex.prototype, 'write', (_stream, [chunk]) => stepOfOctets(chunk));
  hook(Socket.prototype, 'connect', () => 'dial');
}

function stepOfOctets(chunk: unknown): Step | undefined {
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return undefined;
  const octets = Buffer.from(chunk);
  const head = octets.toString('latin1', 0, 80);
  if (/^250 2\.\d\.\d Ok: queued as /.test(head)) return 'reply';
  const tail = octets.toString('latin1', Math.max(0, octets.length - 40));
  return tail.endsWith('\r\n.\r\n') || /BDAT \d+ LAST\r\n$/.test(tail) ? 'final-dot' : undefined;
}
