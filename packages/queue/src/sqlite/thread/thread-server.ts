/**
 * The thread's end of a link: opens what the thread is for, takes calls and answers them.
 *
 * Each posted message is a list of calls; a turn takes all that have come meanwhile, up to a
 * limit. The first message back says that the thread is open, or why it cannot be.
 */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { faultOf } from './faults.ts';
import type { Aftermath, Fault, Opened, ThreadSettings } from '../protocol.ts';

/** One call. `verb` and `argument` belong together. */
export interface Call {
  readonly number: number;
  readonly verb: string;
  readonly argument: unknown;
  /** About how much memory it takes. */
  readonly sizeBytes: number;
}

export type Answer =
  | { readonly number: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly number: number; readonly kind: 'fault'; readonly fault: Fault };

/** What a thread posts. */
export interface Answers {
  readonly answers: readonly Answer[];
  readonly aftermath?: Aftermath;
}

/** What a thread posts first. */
export type Opening =
  | { readonly kind: 'opened'; readonly opened: Opened }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** What a link posts: calls, or the end. */
export type Post = readonly Call[] | 'close';

/** What a thread does. */
export interface Role {
  readonly opened: Opened;
  turn(calls: readonly Call[], post: (answers: Answers) => void): void;
  close(): void;
}

/** So much is done in one turn, however much has come. */
const MAX_CALLS = 2000;
const MAX_BYTES = 33_554_432;

/** Runs this thread: the first message is the settings, all others are posts. */
export function runThread(open: (settings: ThreadSettings) => Role): void {
  if (parentPort === null) throw new Error('this file is the entry of a thread');
  const port = parentPort;
  port.once('message', (settings: ThreadSettings) => {
    try {
      const role = open(settings);
      port.on('message', (first: Post) => take(port, role, first));
      port.postMessage({ kind: 'opened', opened: role.opened } satisfies Opening);
    } catch (error) {
      port.postMessage({ kind: 'fault', fault: faultOf(error) } satisfies Opening);
      port.close();
    }
  });
}

function take(port: MessagePort, role: Role, first: Post): void {
  let waiting: Post | undefined = first;
  while (waiting !== undefined) {
    const calls: Call[] = [];
    let sizeBytes = 0;
    while (waiting !== undefined && waiting !== 'close') {
      calls.push(...waiting);
      sizeBytes += waiting.reduce((sum, call) => sum + call.sizeBytes, 0);
      waiting = calls.length < MAX_CALLS && sizeBytes < MAX_BYTES ? next(port) : undefined;
    }
    if (calls.length > 0) role.turn(calls, (answers) => port.postMessage(answers));
    if (waiting === 'close') {
      role.close();
      port.close();
      return;
    }
    waiting = next(port);
  }
}

function next(port: MessagePort): Post | undefined {
  const received = receiveMessageOnPort(port) as { readonly message: Post } | undefined; // boundary: only our link posts here
  return received?.message;
}
