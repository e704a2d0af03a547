/**
 * ThreadedPlacer: puts whole files in their places in a thread of its own, so that a file
 * costs the event loop one message in place of a wake-up for each call.
 *
 * What is asked for in one turn of the event loop goes over together. The thread begins with
 * the first file and holds no process alive that has nothing under way. If it is lost, what
 * was under way is `unknown`, and the next file begins another one.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FilePlacer } from './disk.ts';
import { DurableFsError } from './error.ts';
import type { PlacedFile, Placement } from './place-file.ts';
import type { Job, Report } from './thread/jobs.ts';

export interface ThreadedPlacer extends FilePlacer {
  /** The thread begins by itself; there is nothing to wait for. */
  start(): Promise<void>;
  /** Lets it finish what it was given, and waits for its end. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Makes a placer; hand it to `createDisk`, and stop it when nothing is written any more.
 *
 * @example
 * const placer = createThreadedPlacer();
 * const disk = createDisk(nodeFileSystem, placer);
 */
export function createThreadedPlacer(): ThreadedPlacer {
  return new PlacerInThread();
}

interface Waiting {
  readonly resolve: (placement: Placement) => void;
}

/** Little lives long there, and what is young is gone soon. */
const LIMITS = { maxYoungGenerationSizeMb: 16 };

class PlacerInThread implements ThreadedPlacer {
  #worker: Worker | undefined;
  #jobs: Job[] = [];
  #number = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** Told when nothing is under way any more. */
  #idle = Promise.withResolvers<void>();

  place(file: PlacedFile): Promise<Placement> {
    return new Promise((resolve) => {
      this.#number += 1;
      this.#waiting.set(this.#number, { resolve });
      if (this.#jobs.length === 0) setImmediate(() => this.#post());
      this.#jobs.push({ number: this.#number, file });
    });
  }

  async start(): Promise<void> {
    // With the first file.
  }

  async stop(): Promise<void> {
    while (this.#waiting.size > 0) await this.#idle.promise;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // The same sources run as TypeScript and as what is built from them.
    const entry = new URL(`./thread/placing-thread${extname(import.meta.url)}`, import.meta.url);
    // The runner of the process may have given it loaders of its own, which the thread does not need.
    const options = { name: 'placing-thread', execArgv: [], resourceLimits: LIMITS };
    const worker = new Worker(entry, options);
    worker.on('message', (reports: readonly Report[]) => this.#take(reports));
    worker.on('error', (cause) => this.#lose(worker, cause));
    worker.on('exit', () => this.#lose(worker, undefined));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #post(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    const memory = jobs.flatMap(({ file }) => ownMemory(file.bytes));
    try {
      const thread = this.#thread();
      thread.ref();
      thread.postMessage(jobs, memory);
    } catch (cause) {
      // No thread could be begun, or one of them cannot be sent; which one is not said.
      const error = unavailable('the thread for files could not be asked', cause);
      for (const { number } of jobs) this.#settle(number, { kind: 'unwritten', error });
    }
  }

  #take(reports: readonly Report[]): void {
    for (const { number, placement } of reports) this.#settle(number, received(placement));
  }

  #settle(number: number, placement: Placement): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (this.#waiting.size === 0) {
      this.#worker?.unref();
      this.#idle.resolve();
      this.#idle = Promise.withResolvers();
    }
    waiting?.resolve(placement);
  }

  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = unavailable('the thread for files has ended', cause);
    const unposted = new Set(this.#jobs.map(({ number }) => number));
    for (const number of this.#waiting.keys()) {
      if (!unposted.has(number)) this.#settle(number, { kind: 'unknown', error });
    }
  }
}

function unavailable(reason: string, cause: unknown): DurableFsError {
  return new DurableFsError('unavailable', { operation: 'place', path: '' }, reason, cause);
}

/** Memory that can be handed over whole. What shares its memory with others is copied. */
function ownMemory(bytes: Uint8Array | undefined): readonly ArrayBuffer[] {
  if (bytes === undefined || !(bytes.buffer instanceof ArrayBuffer)) return [];
  return bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}

function received(placement: Report['placement']): Placement {
  if (placement.kind === 'placed') return placement;
  const { kind, reason, ...place } = placement.error;
  return { ...placement, error: new DurableFsError(kind, place, reason) };
}
