/**
 * A reader like an IMAP server: takes what comes into `new`, and leaves it, flags it, moves it
 * into another folder or expunges it, while deliveries are going on.
 *
 * It has seen every copy that was ever delivered: a file that it took away and that is there
 * again is another copy.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from './progress.ts';

export interface MailboxClient {
  /** Looks once more, and stops; idempotent. */
  stop(): void;
  /** Copies by id of the message. */
  readonly copies: ReadonlyMap<string, number>;
  /** What was not as it was sent. */
  readonly damaged: readonly string[];
  /** What it had put somewhere and is not there any more. */
  missing(): readonly string[];
}

export function openMailbox(
  maildir: string,
  { progress, random }: { readonly progress: Progress; readonly random: () => number },
): MailboxClient {
  const incoming = join(maildir, 'new');
  for (const folder of ['tmp', 'new', 'cur', '.Archive/tmp', '.Archive/new', '.Archive/cur']) {
    mkdirSync(join(maildir, folder), { recursive: true, mode: 0o700 });
  }
  const copies = new Map<string, number>();
  const damaged: string[] = [];
  /** Left in `new`, by file name. */
  const left = new Set<string>();
  const kept = new Set<string>();

  function look(): void {
    for (const name of readdirSync(incoming)) {
      if (left.has(name)) continue;
      const path = join(incoming, name);
      const id = readId(path, damaged);
      copies.set(id, (copies.get(id) ?? 0) + 1);
      treat(name, path);
      progress.note('arrived');
    }
  }

  function treat(name: string, path: string): void {
    const chance = random();
    if (chance < 0.3) {
      left.add(name);
      kept.add(path);
    } else if (chance < 0.7) {
      const place = chance < 0.5 ? join(maildir, 'cur') : join(maildir, '.Archive', 'cur');
      const target = join(place, `${name}:2,${chance < 0.6 ? 'S' : 'FS'}`);
      renameSync(path, target);
      kept.add(target);
    } else {
      rmSync(path);
    }
  }

  const watcher = watch(incoming, look);
  let isOpen = true;
  return {
    stop() {
      if (!isOpen) return;
      isOpen = false;
      watcher.close();
      look();
    },
    copies,
    damaged,
    missing() {
      const places = [incoming, join(maildir, 'cur'), join(maildir, '.Archive', 'cur')];
      const there = new Set(places.flatMap((at) => readdirSync(at).map((name) => join(at, name))));
      return [...kept].filter((path) => !there.has(path));
    },
  };
}

/** The id; a message that is not whole is noted. */
function readId(path: string, damaged: string[]): string {
  const text = readFileSync(path, 'latin1');
  const id = /^X-Crash-Id: (.+)$/m.exec(text)?.[1] ?? `without id: ${path}`;
  const octets = Number(/^X-Crash-Octets: (\d+)$/m.exec(text)?.[1]);
  const body = text.slice(text.indexOf('\n\n') + 2).replaceAll('\n', '\r\n');
  const end = `End of ${id}\r\n`;
  if (!body.endsWith(end) || body.length - end.length !== octets) damaged.push(path);
  return id;
}
