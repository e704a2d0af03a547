/** The load process from its parent's side: its lines, and the account of what it was promised. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import type { QueueId, Store } from '@posthouse/queue';
import { readBytes } from '../../src/testing/sample-messages.ts';

const ENTRY = fileURLToPath(new URL('load-process.ts', import.meta.url));

/** What the process said of one message, and what the account knows of it. */
interface Fate {
  accepted: boolean;
  concluding: boolean;
  concluded: boolean;
  refused: boolean;
}

export class Load {
  readonly child: ChildProcess;
  readonly #fates: Map<string, Fate>;
  readonly #watchers = new Set<(line: string) => void>();
  readonly #ended: Promise<unknown>;
  /** Its own number, where a command stands between. */
  #pid: number | undefined;
  /** What went wrong in the child, for the test's report. */
  complaints = '';

  /** `fates` goes on from an earlier process. `command` stands in front of node, for limits. */
  constructor(
    directory: string,
    options: {
      readonly callers?: number;
      readonly command?: readonly string[];
      readonly fates?: Map<string, Fate>;
    } = {},
  ) {
    const [program = process.execPath, ...before] = options.command ?? [];
    const node = [
      ...(options.command === undefined ? [] : [process.execPath]),
      '--conditions=@posthouse/source',
      ENTRY,
      directory,
      String(options.callers ?? 8),
    ];
    this.#fates = options.fates ?? new Map<string, Fate>();
    this.child = spawn(program, [...before, ...node], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (text: Buffer) => (this.complaints += text.toString()));
    if (this.child.stdout === null) throw new TypeError('its output is a pipe');
    const lines = createInterface(this.child.stdout);
    lines.on('line', (line) => this.#take(line));
    this.#ended = Promise.all([once(lines, 'close'), once(this.child, 'exit')]);
  }

  get fates(): Map<string, Fate> {
    return this.#fates;
  }

  /** Resolves with the nth line from now on that is wanted. */
  line(wanted: RegExp, count = 1): Promise<string> {
    let seen = 0;
    return new Promise((resolve, reject) => {
      const watch = (line: string): void => {
        if (!wanted.test(line)) return;
        seen += 1;
        if (seen < count) return;
        this.#watchers.delete(watch);
        resolve(line);
      };
      this.#watchers.add(watch);
      void this.#ended.then(() => reject(new Error(`it has ended: ${this.complaints}`)));
    });
  }

  /** Kills it at once, and waits until all that it said was heard. */
  async kill(): Promise<void> {
    if (this.#pid === undefined) this.child.kill('SIGKILL');
    else process.kill(this.#pid, 'SIGKILL');
    await this.#ended;
  }

  #take(line: string): void {
    const [what, id = '', kind] = line.split(' ');
    if (what === 'ready') this.#pid = Number(id);
    const fate = this.#fates.get(id) ?? {
      accepted: false,
      concluding: false,
      concluded: false,
      refused: false,
    };
    if (what === 'accepting') this.#fates.set(id, fate);
    if (what === 'accepted') fate.accepted = true;
    if (what === 'concluding') fate.concluding = true;
    if (what === 'concluded') fate.concluded = true;
    if (what === 'refused' && kind !== 'in-doubt') fate.refused = true;
    for (const watch of this.#watchers) watch(line);
  }
}

/** Compares what was promised with what is there. Settles what the kill has left open. */
export async function expectAccountOf(store: Store, fates: Map<string, Fate>): Promise<void> {
  const entries = await store.list({}, { limit: 1_000_000 });
  const there = new Set<string>(entries.map(({ message }) => message.id));
  const lost: string[] = [];
  const risen: string[] = [];
  for (const [id, fate] of fates) {
    if (fate.accepted && !fate.concluding && !there.has(id)) lost.push(id);
    if ((fate.concluded || (fate.refused && !fate.accepted)) && there.has(id)) risen.push(id);
    // What was under way went one way or the other, and that is how it is from now on.
    fate.accepted = there.has(id);
    fate.concluded = !there.has(id);
    fate.concluding = fate.concluded;
  }
  expect({ lost, risen }).toEqual({ lost: [], risen: [] });
  expect(store.usage()).toMatchObject({ messages: there.size, recipients: entries.length });
  for (const { message } of entries) {
    const id: QueueId = message.id;
    expect(await readBytes(store, id)).toHaveLength(message.sizeBytes);
  }
}
