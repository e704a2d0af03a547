/**
 * Submission, relay and delivery as three processes: SMTP with login and TLS from the first
 * to the second, LMTP with login and TLS from there to the third.
 *
 * They share an accounts file and certificates, as three hosts would have copies of them, and
 * nothing else: each has a configuration and a state directory of its own.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAgentProcess } from '@posthouse/testkit';
import type { AgentProcess } from '@posthouse/testkit';
import type { AgentName, AtEnd, MailSystem, Place, Sections, Shape } from './mail-system.ts';
import { onlyPlace } from './place.ts';
import { configurationText, createWorkplace, maildirIn } from './workplace.ts';

const PACKAGES = join(import.meta.dirname, '..', '..', '..', '..', 'packages');

/** One of the three. */
export interface Agent {
  /** As it runs now. */
  readonly process: AgentProcess;
  /** What it said when it was ready. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Changes its configuration and has it read again. @throws Error where it is not taken */
  reload(sections: Sections): Promise<void>;
  /** Starts it anew when it has ended, on the ports that it had. */
  restart(): Promise<void>;
}

/** A system of which each agent can be treated by itself. */
export interface ThreeProcesses extends MailSystem {
  readonly agents: Readonly<Record<AgentName, Agent>>;
}

export const threeProcesses: Shape = {
  name: 'in three processes',
  hops: ['LMTPSA', 'ESMTPSA', 'ESMTPSA'],
  start: startThreeProcesses,
};

/** Starts them from the mailbox towards the author, because each is told where the next one is. */
export async function startThreeProcesses(
  sections: Sections,
  atEnd: AtEnd,
): Promise<ThreeProcesses> {
  const { accounts, ca, directory } = await createWorkplace(atEnd);
  const start = (name: AgentName, own: Sections): Promise<Agent> =>
    startAgent({ name, directory, atEnd, own }, sections);

  const delivery = await start('delivery', { delivery: login('relay') });
  const lmtp = onlyPlace(delivery.facts['lmtp']);
  const relay = await start('relay', {
    relay: { ...login('submission'), delivery: nextHop(lmtp, 'relay') },
  });
  const relayPlace = onlyPlace(relay.facts['relay']);
  const submission = await start('submission', {
    submission: { next_hop: nextHop(relayPlace, 'submission') },
  });
  const agents = { submission, relay, delivery };
  const all = Object.values(agents);
  return {
    submission: onlyPlace(submission.facts['startTls']),
    submissionTls: onlyPlace(submission.facts['tls']),
    relay: relayPlace,
    lmtp,
    ca,
    accounts,
    agents,
    get logs() {
      return {
        submission: submission.process.log,
        relay: relay.process.log,
        delivery: delivery.process.log,
      };
    },
    directory,
    maildir: (account) => maildirIn(join(directory, 'var-delivery'), account),
    reload: async (changed) => void (await Promise.all(all.map((agent) => agent.reload(changed)))),
    async stop() {
      for (const agent of [submission, relay, delivery]) {
        const { code, stderr } = await agent.process.stop();
        if (code !== 0) throw new Error(`an agent ended with ${code}: ${stderr}`);
      }
    },
  };
}

/** What an agent needs to know to log in to the next one, and for the one before it to log in. */
function nextHop({ host, port }: Place, user: string): Readonly<Record<string, unknown>> {
  return { host, port, tls: 'required', user, password_file: 'secret' };
}

function login(user: string): Readonly<Record<string, unknown>> {
  return { logins: { [user]: { password_file: 'secret' } } };
}

/** What an agent is started with. */
export interface AgentSetting {
  readonly name: AgentName;
  readonly directory: string;
  readonly atEnd: AtEnd;
  /** What it has in its configuration that the others have not. */
  readonly own: Sections;
}

/** Starts one agent in a process of its own. */
export async function startAgent(setting: AgentSetting, first: Sections = {}): Promise<Agent> {
  const { atEnd, directory, name, own } = setting;
  let sections = first;
  const configure = (...more: readonly Sections[]): Promise<void> => {
    const server = { state_directory: `var-${name}` };
    const text = configurationText({ server }, own, sections, ...more);
    return writeFile(join(directory, `${name}.toml`), text);
  };
  const program = join(PACKAGES, name, 'src', 'bin.ts');
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
      await configure(listenersOf(facts));
      process = run();
      await process.log.next('ready');
    },
  };
}

/** The addresses that an agent has told, as configuration. */
function listenersOf(facts: Readonly<Record<string, unknown>>): Sections {
  const at = (name: string): string => {
    const { host, port } = onlyPlace(facts[name]);
    return `${host}:${port}`;
  };
  if (facts['relay'] !== undefined) return { relay: { listen: at('relay') } };
  if (facts['lmtp'] !== undefined) return { delivery: { listen: at('lmtp') } };
  return { submission: { listen: at('startTls'), listen_tls: at('tls') } };
}
