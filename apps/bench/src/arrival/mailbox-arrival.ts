/**
 * Messages that arrive in a Maildir: the kernel tells of each new name, and the files are
 * read when the clock has stopped. Nothing is deleted.
 */
import { watch } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { recognize } from '../message.ts';
import type { MessagePattern } from '../message.ts';
import { now } from '../meter/clock.ts';
import { PATIENCE_MS } from './arrival.ts';
import type { Arrival, Findings } from './arrival.ts';

/** Files that are read at a time. */
const READERS = 8;
/** Should the kernel have dropped a notice, the directory is read this often. */
const LOOK_EVERY_MS = 1000;

/** Watches the directory `new` of a Maildir, from now on. @throws Error where there is none */
export async function watchMailbox(directory: string, pattern: MessagePattern): Promise<Arrival> {
  const known = new Set(await readdir(directory));
  /** What came since the last check, and when. */
  let fresh = new Map<string, number>();
  let wake: (() => void) | undefined;
  const see = (name: string): void => {
    if (!known.has(name) && !fresh.has(name)) fresh.set(name, now());
  };
  const look = async (): Promise<void> => {
    for (const name of await readdir(directory)) see(name);
  };
  const watcher = watch(directory, (_event, name) => {
    if (name !== null) see(name);
    wake?.();
  });
  return {
    reached(deliveries) {
      return new Promise((resolve, reject) => {
        let last = { size: fresh.size, at: Date.now() };
        const end = (finish: () => void): void => {
          clearInterval(timer);
          wake = undefined;
          finish();
        };
        const lookAgain = async (): Promise<void> => {
          await look();
          if (fresh.size > last.size) last = { size: fresh.size, at: Date.now() };
          else if (Date.now() - last.at > PATIENCE_MS) {
            const text = `${fresh.size} of ${deliveries} messages arrived in ${directory}`;
            end(() => reject(new Error(text)));
          }
          wake?.();
        };
        const timer = setInterval(() => void lookAgain().catch(reject), LOOK_EVERY_MS);
        wake = () => {
          if (fresh.size >= deliveries) end(resolve);
        };
        wake();
      });
    },
    async check(run) {
      await look();
      const arrived = fresh;
      fresh = new Map();
      for (const name of arrived.keys()) known.add(name);
      return inspect({ directory, arrived, pattern, run });
    },
    stop() {
      watcher.close();
      return Promise.resolve();
    },
  };
}

interface Inspection {
  readonly directory: string;
  readonly arrived: ReadonlyMap<string, number>;
  readonly pattern: MessagePattern;
  readonly run: string;
}

async function inspect({ arrived, directory, pattern, run }: Inspection): Promise<Findings> {
  const times = new Map<number, number>();
  let foreign = 0;
  const waiting = arrived.entries();
  const read = async (): Promise<void> => {
    for (const [name, at] of waiting) {
      const number = recognize(await readFile(join(directory, name), 'latin1'), pattern, run);
      if (number === undefined) foreign += 1;
      else times.set(number, at);
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return { good: times.size, repeated: arrived.size - foreign - times.size, foreign, times };
}
