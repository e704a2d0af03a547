/**
 * The event loop's end of a link to a thread: calls as promises.
 *
 * What is called within one turn of the event loop is posted together, so that many callers
 * cost few messages; the thread takes what has come as one batch. A call that nobody waits
 * for goes with the next one, or after a few milliseconds: a batch of its own would make those
 * wait who do. If the thread is lost, every call under way is rejected
 * as `lost` says, and every later one as `unavailable`.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StoreError } from '../store.ts';
import type { Aftermath, Fault, Opened, ThreadSettings } from './protocol.ts';
import type { Answer, Answers, Call, Opening, Post } from './thread/thread-server.ts';

type VerbOf<Verbs> = { readonly [Name in keyof Verbs]: (argument: never) => unknown };

/** What a link needs to know of its thread. */
export interface LinkOptions {
  readonly settings: ThreadSettings;
  /** The kind of error for calls whose fate is not known when the thread is lost. */
  readonly lost: StoreError['kind'];
  readonly onAftermath?: (aftermath: Aftermath) => void;
  /** Told of each call that the thread could not do, before its caller is. */
  readonly onFault?: (error: StoreError) => void;
}

/** How a call goes over. */
export interface CallOptions {
  /** These go over without being copied, and are gone here. */
  readonly bytes?: readonly Uint8Array[];
  /** Nobody waits for it: it goes with the next call that is not patient, or after a few milliseconds. */
  readonly patient?: boolean;
}

/** How long a patient call waits for company. */
const PATIENCE_MS = 5;
/** So many calls do not wait any longer. */
const MAX_WAITING = 256;

/**
 * V8 would let the young generation of each thread grow to 128 MB on a machine with much memory.
 * What a thread works on is short-lived, and a turn of it is bounded: a tenth of that is enough.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 12 } as const;

const LOST = 'a thread of the queue has ended';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: StoreError): void;
}

/** A link that is open, and what its thread said when it was. */
export interface Linked<Verbs extends VerbOf<Verbs>> {
  readonly link: ThreadLink<Verbs>;
  readonly opened: Opened;
}

/** A thread that waits to be told what to open. */
export interface StartedThread {
  readonly worker: Worker;
  /** Resolves when it has ended, with what to say to who wanted something of it. */
  readonly lost: Promise<StoreError>;
}

/** Starts a thread. `entry` is a file in `thread`, without its ending. */
export function startThread(entry: string): StartedThread {
  // The same sources run as TypeScript and as what is built from them.
  const file = new URL(`./thread/${entry}${extname(import.meta.url)}`, import.meta.url);
  // The runner of the process may have given it loaders of its own, which the thread does not need.
  const worker = new Worker(file, { name: entry, execArgv: [], resourceLimits: RESOURCE_LIMITS });
  const lost = new Promise<StoreError>((resolve) => {
    worker.once('error', (cause) => resolve(new StoreError('unavailable', LOST, { cause })));
    worker.once('exit', () => resolve(new StoreError('unavailable', LOST)));
  });
  return { worker, lost };
}

/** Has a thread open its part. @throws StoreError why it could not; the thread has ended then */
export async function openLink<Verbs extends VerbOf<Verbs>>(
  { worker, lost }: StartedThread,
  options: LinkOptions,
): Promise<Linked<Verbs>> {
  const opening = new Promise<Opening>((resolve) => worker.once('message', resolve));
  worker.postMessage(options.settings);
  const first = await Promise.race([opening, lost]);
  if (!(first instanceof StoreError) && first.kind === 'opened') {
    return { link: new ThreadLink<Verbs>(worker, options), opened: first.opened };
  }
  await worker.terminate();
  throw first instanceof StoreError ? first : storeError(first.fault);
}

function storeError({ kind, text, code }: Fault): StoreError {
  return new StoreError(kind, text, { code });
}

export class ThreadLink<Verbs extends VerbOf<Verbs>> {
  readonly #worker: Worker;
  readonly #options: LinkOptions;
  /** By the number of the call. A number is used again once its call was answered. */
  readonly #waiting: (Waiting | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #calls: Call[] = [];
  #transfer: ArrayBuffer[] = [];
  /** When what was called is posted: by the end of this turn, or when the time has come. */
  #due: 'now' | NodeJS.Timeout | undefined;
  #loss: StoreError | undefined;

  constructor(worker: Worker, options: LinkOptions) {
    this.#worker = worker;
    this.#options = options;
    worker.on('message', (answers: Answers) => this.#take(answers));
    worker.on('error', (cause) => this.#lose(cause));
    worker.on('exit', () => {
      this.#lose(undefined);
      this.#ended.resolve();
    });
  }

  /** Whether the thread is gone. */
  get isLost(): boolean {
    return this.#loss !== undefined;
  }

  /** Calls a verb of the thread. @throws StoreError */
  call<Name extends keyof Verbs & string>(
    verb: Name,
    argument: Parameters<Verbs[Name]>[0],
    { bytes = [], patient = false }: CallOptions = {},
  ): Promise<ReturnType<Verbs[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#loss !== undefined) return reject(this.#loss);
      const number = this.#freeNumbers.pop() ?? this.#waiting.length;
      const sizeBytes = bytes.reduce((sum, one) => sum + one.byteLength, 0);
      this.#waiting[number] = {
        resolve: (value) => resolve(value as ReturnType<Verbs[Name]>), // boundary: the verb's answer
        reject,
      };
      this.#calls.push({ number, verb, argument, sizeBytes });
      if (!patient || this.#calls.length >= MAX_WAITING) this.#postSoon();
      else this.#due ??= setTimeout(() => this.#post(), PATIENCE_MS);
      for (const one of bytes) {
        if (one.buffer instanceof ArrayBuffer) this.#transfer.push(one.buffer);
      }
    });
  }

  /** Lets the thread finish what it was given, and waits for its end. Idempotent. */
  async close(): Promise<void> {
    this.#post();
    if (this.#loss === undefined) this.#worker.postMessage('close' satisfies Post);
    await this.#ended.promise;
  }

  #postSoon(): void {
    if (this.#due === 'now') return;
    clearTimeout(this.#due);
    this.#due = 'now';
    setImmediate(() => this.#post());
  }

  #post(): void {
    if (this.#due !== 'now') clearTimeout(this.#due);
    this.#due = undefined;
    if (this.#calls.length === 0) return;
    const calls = this.#calls;
    const transfer = this.#transfer;
    this.#calls = [];
    this.#transfer = [];
    try {
      this.#worker.postMessage(calls satisfies Post, transfer);
    } catch (cause) {
      // One of them has an argument that cannot be sent; which one is not said.
      const error = new StoreError('unavailable', 'a call could not be sent', { cause });
      for (const { number } of calls) this.#waiterOf(number)?.reject(error);
    }
  }

  #take({ answers, aftermath }: Answers): void {
    for (const answer of answers) this.#settle(answer);
    if (aftermath !== undefined) this.#options.onAftermath?.(aftermath);
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiterOf(answer.number);
    if (answer.kind === 'value') return waiting?.resolve(answer.value);
    const error = storeError(answer.fault);
    this.#options.onFault?.(error);
    waiting?.reject(error);
  }

  /** Who waits for that answer, no more to be found afterwards. */
  #waiterOf(number: number): Waiting | undefined {
    const waiting = this.#waiting[number];
    if (waiting === undefined) return undefined;
    this.#waiting[number] = undefined;
    this.#freeNumbers.push(number);
    return waiting;
  }

  #lose(cause: unknown): void {
    if (this.#loss !== undefined) return;
    this.#loss = new StoreError('unavailable', LOST, { cause });
    const unknown = new StoreError(this.#options.lost, LOST, { cause });
    for (const waiting of this.#waiting.splice(0)) waiting?.reject(unknown);
    this.#freeNumbers.length = 0;
  }
}
