/** What is known of hosts from trying them, and the order in which they are tried for it. */
import type { RecipientOutcome } from '@posthouse/mail';
import type { NextHost } from './next-hosts.ts';

export interface HostMemory {
  /** The hosts, those with little hope behind the others; none is left out. */
  inOrder(hosts: readonly NextHost[]): readonly NextHost[];
  /** Learns from what a host answered. */
  learn(host: NextHost, outcomes: readonly RecipientOutcome[]): void;
}

/** Several as one; what the last one says of the order counts most. */
export function allOf(...memories: readonly HostMemory[]): HostMemory {
  return {
    inOrder: (hosts) => memories.reduce((order, memory) => memory.inOrder(order), hosts),
    learn: (host, outcomes) => {
      for (const memory of memories) memory.learn(host, outcomes);
    },
  };
}
