/** An agent that runs in a process of its own, or all of them in one, with its configuration. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAgentProcess } from '@posthouse/testkit';
import type { AgentProcess } from '@posthouse/testkit';
import type { AtEnd, Sections } from './mail-system.ts';
import { onlyPlace } from './place.ts';
import { configurationText } from './workplace.ts';

/** What an agent is started with. */
export interface AgentSetting {
  /** Its configuration is `<name>.toml`, its state lies in `var-<name>`. */
  readonly name: string;
  /** Absolute path of its executable. */
  readonly program: string;
  readonly directory: string;
  readonly atEnd: AtEnd;
  /** What it has in its configuration that others have not. */
  readonly own?: Sections;
}

/** A process that can be configured anew and started again. */
export interface Agent {
  /** As it runs now. */
  readonly process: AgentProcess;
  /** What it said when it was ready first. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Changes its configuration and has it read again. @throws Error where it is not taken */
  reload(sections: Sections): Promise<void>;
  /** Starts it anew when it has ended, on the ports that it had. */
  restart(): Promise<void>;
  /** Ends it in good manners. @throws Error where it ends otherwise */
  stop(): Promise<void>;
}

/** Starts one. */
export async function startAgent(setting: AgentSetting, first: Sections = {}): Promise<Agent> {
  const { atEnd, directory, name, own = {}, program } = setting;
  let sections = first;
  const configure = (...more: readonly Sections[]): Promise<void> => {
    const server = { state_directory: `var-${name}` };
    const text = configurationText({ server }, own, sections, ...more);
    return writeFile(join(directory, `${name}.toml`), text);
  };
  const args = ['--config', `${name}.toml`];
  const run = (): AgentProcess => startAgentProcess({ program, directory, args, atEnd });

  await configure();
  let process = run();
  const facts = await process.log.next('ready');
  return {
    get process() {
      return process;
    },
    facts,
    async reload(changed) {
      sections = changed;
      await configure();
      process.signal('SIGHUP');
      const { event, ...rest } = await process.log.next(['reloaded', 'reload-failed']);
      if (event !== 'reloaded') throw new Error(JSON.stringify(rest));
    },
    async restart() {
      await configure(...listenersOf(facts));
      process = run();
      await process.log.next('ready');
    },
    async stop() {
      const { code, stderr } = await process.stop();
      if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`);
    },
  };
}

/** Where its listeners stand in the configuration, by the names under which they are told. */
const LISTENERS: readonly (readonly [fact: string, section: string, key: string])[] = [
  ['submission', 'submission', 'listen'],
  ['startTls', 'submission', 'listen'],
  ['submissionTls', 'submission', 'listen_tls'],
  ['tls', 'submission', 'listen_tls'],
  ['relay', 'relay', 'listen'],
  ['lmtp', 'delivery', 'listen'],
];

/** The addresses that an agent has told, as configuration. */
function listenersOf(facts: Readonly<Record<string, unknown>>): readonly Sections[] {
  return LISTENERS.filter(([fact]) => facts[fact] !== undefined).map(([fact, section, key]) => {
    const { host, port } = onlyPlace(facts[fact]);
    return { [section]: { [key]: `${host}:${port}` } };
  });
}
