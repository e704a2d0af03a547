/**
 * Messages that arrive in a Maildir: their files are read when the clock has stopped. Nothing
 * is deleted.
 *
 * To be told of each new name by the kernel takes CPU in the middle of a round, so by default
 * nobody listens while a load is sent, and the file's own time of its last change (ctime) tells when
 * it came. Latencies are finer than the few milliseconds of that, and are listened for.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { recognize } from '../message.ts';
import type { MessagePattern } from '../message.ts';
import { now } from '../meter/clock.ts';
import { PATIENCE_MS } from './arrival.ts';
import type { Arrival, Findings } from './arrival.ts';

/** Files that are read at a time. */
const READERS = 8;
/** While somebody waits the directory is read this often: the kernel may have dropped a notice. */
const LOOK_EVERY_MS = 1000;

/** What came, and when by our `now`; undefined: as its file says. */
type Fresh = Map<string, number | undefined>;

/** Looks into the directory `new` of a Maildir, from now on. @throws Error where there is none */
export async function watchMailbox(directory: string, pattern: MessagePattern): Promise<Arrival> {
  return new MailboxArrival(directory, pattern, await readdir(directory));
}

class MailboxArrival implements Arrival {
  readonly #directory: string;
  readonly #pattern: MessagePattern;
  readonly #known: Set<string>;
  /** What came since the last check. */
  #fresh: Fresh = new Map();
  #watcher: FSWatcher | undefined;
  /** Somebody waits for more. */
  #wake: (() => void) | undefined;

  constructor(directory: string, pattern: MessagePattern, known: readonly string[]) {
    this.#directory = directory;
    this.#pattern = pattern;
    this.#known = new Set(known);
  }

  listen(): void {
    this.#watcher ??= watch(this.#directory, (_event, name) => {
      if (name !== null) this.#see(name, now());
      this.#wake?.();
    });
  }

  reached(deliveries: number): Promise<void> {
    this.listen();
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => void this.#look().catch(fail), LOOK_EVERY_MS);
      const end = (finish: () => void): void => {
        clearInterval(timer);
        this.#wake = undefined;
        finish();
      };
      const fail = (error: Error): void => end(() => reject(error));
      let last = { size: -1, at: now() };
      this.#wake = () => {
        const { size } = this.#fresh;
        if (size > last.size) last = { size, at: now() };
        if (size >= deliveries) end(resolve);
        else if (now() - last.at > PATIENCE_MS) {
          fail(new Error(`${size} of ${deliveries} messages arrived in ${this.#directory}`));
        }
      };
      this.#look().catch(fail);
    });
  }

  async check(run: string): Promise<Findings> {
    this.#ignore();
    await this.#look();
    const arrived = this.#fresh;
    this.#fresh = new Map();
    for (const name of arrived.keys()) this.#known.add(name);
    return inspect({ directory: this.#directory, arrived, pattern: this.#pattern, run });
  }

  stop(): Promise<void> {
    this.#ignore();
    return Promise.resolve();
  }

  #ignore(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #see(name: string, at?: number): void {
    if (!this.#known.has(name) && !this.#fresh.has(name)) this.#fresh.set(name, at);
  }

  async #look(): Promise<void> {
    for (const name of await readdir(this.#directory)) this.#see(name);
    this.#wake?.();
  }
}

interface Inspection {
  readonly directory: string;
  readonly arrived: Fresh;
  readonly pattern: MessagePattern;
  readonly run: string;
}

async function inspect({ arrived, directory, pattern, run }: Inspection): Promise<Findings> {
  const times = new Map<number, number>();
  let foreign = 0;
  const waiting = arrived.entries();
  // What the clock of the files says when ours says 0.
  const origin = Date.now() - now();
  const read = async (): Promise<void> => {
    for (const [name, at] of waiting) {
      const file = join(directory, name);
      const number = recognize(await readFile(file, 'latin1'), pattern, run);
      if (number === undefined) foreign += 1;
      else times.set(number, at ?? (await stat(file)).ctimeMs - origin);
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return { good: times.size, repeated: arrived.size - foreign - times.size, foreign, times };
}
