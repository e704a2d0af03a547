/** Systems of which the processes can be treated one by one: signalled, killed, started again. */
import type { Agent } from './agent.ts';
import type { AgentName, AtEnd, MailSystem, Sections, Shape } from './mail-system.ts';

export interface ProcessSystem extends MailSystem {
  /** In one process all three are one. */
  readonly agents: Readonly<Record<AgentName, Agent>>;
}

export interface ProcessShape extends Shape {
  start(sections: Sections, atEnd: AtEnd): Promise<ProcessSystem>;
}

/** Each process once, in the order in which they are stopped. */
export function processesOf({ agents }: ProcessSystem): readonly Agent[] {
  return [...new Set([agents.submission, agents.relay, agents.delivery])];
}
