/**
 * Messages that arrive in a Maildir: the kernel tells of each new name, and the files are
 * read when the clock has stopped. Nothing is deleted.
 */
import { watch } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { recognize } from '../message.ts';
import type { MessagePattern } from '../message.ts';
import { PATIENCE_MS } from './arrival.ts';
import type { Arrival, Findings } from './arrival.ts';

/** Files that are read at a time. */
const READERS = 8;
/** Should the kernel have dropped a notice, the directory is read this often. */
const LOOK_EVERY_MS = 1000;

/** Watches the directory `new` of a Maildir, from now on. @throws Error where there is none */
export async function watchMailbox(directory: string, pattern: MessagePattern): Promise<Arrival> {
  const seen = new Set(await readdir(directory));
  let checked = seen.size;
  let wake: (() => void) | undefined;
  const watcher = watch(directory, (_event, name) => {
    if (name === null || seen.has(name)) return;
    seen.add(name);
    wake?.();
  });
  return {
    reached(messages) {
      const base = checked;
      return new Promise((resolve, reject) => {
        let last = { size: seen.size, at: Date.now() };
        const end = (finish: () => void): void => {
          clearInterval(timer);
          wake = undefined;
          finish();
        };
        const look = async (): Promise<void> => {
          for (const name of await readdir(directory)) seen.add(name);
          if (seen.size > last.size) last = { size: seen.size, at: Date.now() };
          else if (Date.now() - last.at > PATIENCE_MS) {
            const text = `${seen.size - base} of ${messages} messages arrived in ${directory}`;
            end(() => reject(new Error(text)));
          }
          wake?.();
        };
        const timer = setInterval(() => void look().catch(reject), LOOK_EVERY_MS);
        wake = () => {
          if (seen.size - base >= messages) end(resolve);
        };
        wake();
      });
    },
    async check(run) {
      const names = (await readdir(directory)).filter((name) => !seen.has(name));
      for (const name of names) seen.add(name);
      const fresh = [...seen].slice(checked);
      checked = seen.size;
      return inspect(directory, fresh, pattern, run);
    },
    stop() {
      watcher.close();
      return Promise.resolve();
    },
  };
}

async function inspect(
  directory: string,
  names: readonly string[],
  pattern: MessagePattern,
  run: string,
): Promise<Findings> {
  const numbers = new Set<number>();
  let foreign = 0;
  const waiting = names.values();
  const read = async (): Promise<void> => {
    for (const name of waiting) {
      const number = recognize(await readFile(join(directory, name), 'latin1'), pattern, run);
      if (number === undefined) foreign += 1;
      else numbers.add(number);
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return { good: numbers.size, repeated: names.length - foreign - numbers.size, foreign };
}
