/**
 * IPv4 or IPv6 that leads nowhere from here: hosts are then tried by their other addresses
 * first, so that mail does not wait for a connection that will never stand.
 *
 * A family counts as dead when two hosts in a row could not be reached by it, and for ten
 * minutes; one connection that stands brings it back to life. Where both are dead, or a host
 * has no other address, all is tried as before. Hosts of the configuration are tried in the
 * order that it gives.
 *
 * RFC 8305 §4 (what is known of a family may change the order), RFC 5321 §5.1.
 */
import { isIP } from 'node:net';
import type { Clock, RecipientOutcome } from '@posthouse/mail';
import type { HostMemory } from './host-memory.ts';
import type { NextHost } from './next-hosts.ts';

const HOSTS_IN_VAIN = 2;
const DEAD_FOR_MS = 600_000;

interface Trouble {
  /** Addresses tried in vain since one was reached. */
  readonly inVain: Set<string>;
  deadUntil: number;
}

export class DeadFamilies implements HostMemory {
  readonly #clock: Clock;
  /** By family, 4 and 6. */
  readonly #troubles = new Map<number, Trouble>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  inOrder(hosts: readonly NextHost[]): readonly NextHost[] {
    if (this.#troubles.size === 0 || hosts.length < 2) return hosts;
    const now = this.#clock.now();
    const isDead = (host: NextHost): boolean =>
      (this.#troubles.get(familyOf(host) ?? 0)?.deadUntil ?? 0) > now;
    return [...hosts.filter((host) => !isDead(host)), ...hosts.filter(isDead)];
  }

  learn(host: NextHost, outcomes: readonly RecipientOutcome[]): void {
    const family = familyOf(host);
    if (family === undefined || outcomes.length === 0 || 'path' in host.endpoint) return;
    if (!outcomes.every(isUnreached)) {
      this.#troubles.delete(family);
      return;
    }
    const trouble = this.#troubles.get(family) ?? { inVain: new Set(), deadUntil: 0 };
    this.#troubles.set(family, trouble);
    trouble.inVain.add(host.endpoint.host);
    if (trouble.inVain.size < HOSTS_IN_VAIN) return;
    trouble.deadUntil = this.#clock.now() + DEAD_FOR_MS;
    trouble.inVain.clear(); // memory is bounded, and two more prolong it
  }
}

/** Of an address that the DNS gave. */
function familyOf({ endpoint, foundFor }: NextHost): number | undefined {
  if (foundFor === undefined || 'path' in endpoint) return undefined;
  const family = isIP(endpoint.host);
  return family === 0 ? undefined : family;
}

/** Nobody spoke, and no connection stood: X.4.1, no answer from host (RFC 3463 §3.5). */
function isUnreached(outcome: RecipientOutcome): boolean {
  if (outcome.kind !== 'delayed' || outcome.scope !== 'host') return false;
  const { reply, status } = outcome;
  return reply === undefined && status.subject === 4 && status.detail === 1;
}
