/**
 * The real processes of a system, to be killed and started again on the ports and files that
 * they had: the stack in one process, or three agents.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectControl } from '@posthouse/process';
import { startAgentProcess } from '@posthouse/testkit';
import type { AgentProcess } from '@posthouse/testkit';
import type { AtEnd, Place, Sections } from '../test/system/mail-system.ts';
import { onlyPlace } from '../test/system/place.ts';
import { configurationText, createWorkplace } from '../test/system/workplace.ts';
import type { Workplace } from '../test/system/workplace.ts';

export type ProcessName = 'delivery' | 'relay' | 'stack' | 'submission';

/** What one process is run with. */
interface Part {
  readonly name: ProcessName;
  readonly program: string;
  /** Its configuration, given what the parts before it told. */
  readonly sections: (facts: Facts) => Sections;
}

type Facts = Readonly<Record<string, unknown>>;

export interface CrashSystem {
  readonly workplace: Workplace;
  readonly submission: Place;
  readonly relay: Place;
  /** Where its mail lies. */
  readonly mailState: string;
  readonly names: readonly ProcessName[];
  /** Starts what does not run. @param env for the processes of these names */
  start(
    env?: Readonly<Partial<Record<ProcessName, Readonly<Record<string, string>>>>>,
  ): Promise<void>;
  /** The process ids of all that run. */
  pids(): readonly number[];
  /** Of the one of this name. @throws Error where it does not run */
  pid(name: ProcessName): number;
  /** Kills these, and waits for their ends. */
  kill(names: readonly ProcessName[]): Promise<void>;
  /** Resolves when one of these has ended by itself. */
  ended(names: readonly ProcessName[]): Promise<void>;
  /** An order to who has the queue. */
  order(verb: string, fields?: Readonly<Record<string, unknown>>): AsyncIterable<unknown>;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Trouble of a killed neighbour is over soon, and so is the wait. */
const RETRY = { schedule: ['1s'], expire: '1h', delay_warning: '30m' };

/** The two ways of a message into our own mailboxes: what is delivered first is never queued. */
export const WAYS: readonly { readonly name: string; readonly settings: Sections }[] = [
  { name: 'delivered first', settings: {} },
  { name: 'stored first', settings: { queue: { deliver_first: '0s' } } },
];

/** All in one process. */
export function startOne(more: Sections, atEnd: AtEnd): Promise<CrashSystem> {
  const sections = (): Sections => ({ ...more, relay: { retry: RETRY, ...more['relay'] } });
  const program = join(ROOT, 'apps', 'stack', 'src', 'main.ts');
  return startParts([{ name: 'stack', program, sections }], atEnd);
}

/** Delivery, relay and submission, each told where the one before it listens; `more` is the relay's. */
export function startThree(more: Sections, atEnd: AtEnd): Promise<CrashSystem> {
  const program = (name: string): string => join(ROOT, 'packages', name, 'src', 'bin.ts');
  const login = (user: string) => ({ logins: { [user]: { password_file: 'secret' } } });
  const hop = (place: Place, user: string) => ({
    ...place,
    tls: 'required',
    user,
    password_file: 'secret',
  });
  return startParts(
    [
      {
        name: 'delivery',
        program: program('delivery'),
        sections: () => ({ delivery: login('relay') }),
      },
      {
        name: 'relay',
        program: program('relay'),
        sections: ({ lmtp }) => ({
          ...more,
          relay: { ...login('submission'), retry: RETRY, delivery: hop(onlyPlace(lmtp), 'relay') },
        }),
      },
      {
        name: 'submission',
        program: program('submission'),
        sections: ({ relay }) => ({
          submission: { next_hop: hop(onlyPlace(relay), 'submission') },
        }),
      },
    ],
    atEnd,
  );
}

async function startParts(parts: readonly Part[], atEnd: AtEnd): Promise<CrashSystem> {
  const workplace = await createWorkplace(atEnd);
  const processes = new Processes(workplace.directory, atEnd);
  const named = (...names: readonly ProcessName[]): ProcessName =>
    parts.map(({ name }) => name).find((name) => names.includes(name)) ?? 'stack';
  const state = (name: ProcessName): string => join(workplace.directory, `var-${name}`);
  const system: CrashSystem = {
    workplace,
    get submission() {
      return onlyPlace(processes.facts['startTls'] ?? processes.facts['submission']);
    },
    get relay() {
      return onlyPlace(processes.facts['relay']);
    },
    mailState: state(named('delivery', 'stack')),
    names: parts.map(({ name }) => name),
    async start(env = {}) {
      for (const part of parts) await processes.run(part, env[part.name] ?? {});
    },
    pids: () => [...processes.running.values()].map(({ pid }) => pid),
    pid(name) {
      const found = processes.running.get(name);
      if (found === undefined) throw new Error(`${name} does not run`);
      return found.pid;
    },
    async kill(names) {
      await Promise.all(names.map(async (name) => processes.running.get(name)?.kill()));
    },
    async ended(names) {
      await Promise.race(names.map(async (name) => processes.running.get(name)?.end));
    },
    order: (verb, fields = {}) => order(state(named('relay', 'stack')), verb, fields),
    async stop() {
      for (const { name } of parts.toReversed()) await processes.stop(name);
    },
  };
  await system.start();
  return system;
}

/** The processes that run, and what all of them have told. */
class Processes {
  readonly running: Map<ProcessName, AgentProcess> = new Map();
  facts: Facts = {};
  readonly #directory: string;
  readonly #atEnd: AtEnd;

  constructor(directory: string, atEnd: AtEnd) {
    this.#directory = directory;
    this.#atEnd = atEnd;
  }

  /** Without effect on one that runs. */
  async run(part: Part, env: Readonly<Record<string, string>>): Promise<void> {
    const { name, program, sections } = part;
    if (this.running.has(name)) return;
    const server = { state_directory: `var-${name}` };
    const text = configurationText({ server }, sections(this.facts), listeners(this.facts));
    await writeFile(join(this.#directory, `${name}.toml`), text);
    const args = [...(name === 'stack' ? ['up'] : []), '--config', `${name}.toml`];
    const setting = { program, directory: this.#directory, args, env, atEnd: this.#atEnd };
    const agent = startAgentProcess(setting);
    this.running.set(name, agent);
    void agent.end.then(() => this.running.get(name) === agent && this.running.delete(name));
    this.facts = { ...this.facts, ...(await agent.log.next('ready')) };
  }

  async stop(name: ProcessName): Promise<void> {
    const end = await this.running.get(name)?.stop();
    if (end === undefined || end.code === 0) return;
    throw new Error(`${name} ended with ${end.code}: ${end.stderr}`);
  }
}

async function* order(
  stateDirectory: string,
  verb: string,
  fields: Facts,
): AsyncGenerator<unknown, void, void> {
  const client = await connectControl(stateDirectory);
  if (client === undefined) throw new Error('nobody takes orders');
  try {
    yield* client.order(verb, fields);
  } finally {
    client.close();
  }
}

/** The addresses of the first start, to be had again. */
function listeners(facts: Facts): Sections {
  const at = (...names: readonly string[]): string | undefined => {
    const told = names.map((name) => facts[name]).find((fact) => fact !== undefined);
    if (told === undefined) return undefined;
    const { host, port } = onlyPlace(told);
    return `${host}:${port}`;
  };
  const section = (settings: Readonly<Record<string, string | undefined>>): Sections[string] =>
    Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return {
    submission: section({
      listen: at('startTls', 'submission'),
      listen_tls: at('tls', 'submissionTls'),
    }),
    relay: section({ listen: at('relay') }),
    delivery: section({ listen: at('lmtp') }),
  };
}
