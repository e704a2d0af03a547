/**
 * Hosts that asked to be left alone: while there is another one for the mail, they go last.
 *
 * Known in memory only, and of at most `MAX_HOSTS`: who rests is dialled in vain once.
 */
import type { Clock, RecipientOutcome } from '@posthouse/mail';
import type { HostMemory } from './host-memory.ts';
import type { NextHost } from './next-hosts.ts';

const MAX_HOSTS = 10_000;

export class HostRests implements HostMemory {
  readonly #clock: Clock;
  /** In the order in which they were told. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that rest behind the others, else in their order. */
  inOrder(hosts: readonly NextHost[]): readonly NextHost[] {
    if (this.#until.size === 0 || hosts.length < 2) return hosts;
    const now = this.#clock.now();
    const rests = (host: NextHost): boolean => (this.#until.get(keyOf(host)) ?? 0) > now;
    return [...hosts.filter((host) => !rests(host)), ...hosts.filter(rests)];
  }

  /** Learns from what a host answered. */
  learn(host: NextHost, outcomes: readonly RecipientOutcome[]): void {
    const restMs = outcomes.reduce(
      (longest, outcome) =>
        outcome.kind === 'delayed' ? Math.max(longest, outcome.restMs ?? 0) : longest,
      0,
    );
    const key = keyOf(host);
    this.#until.delete(key);
    if (restMs === 0) return;
    this.#until.set(key, this.#clock.now() + restMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > MAX_HOSTS && oldest !== undefined) this.#until.delete(oldest);
  }
}

function keyOf({ endpoint, localAddress, setting }: NextHost): string {
  return JSON.stringify([endpoint, localAddress, setting?.authentication?.user]);
}
