/**
 * How many connections there may be, in all and from one client.
 *
 * Connections over a unix socket count in all, but are nobody's share.
 */
import { clientNetwork, refuse } from '@posthouse/mail';
import type { MailError } from '@posthouse/mail';

/** Counts connections. */
export class ConnectionLimits {
  readonly #maxConnections: number;
  readonly #maxPerPeer: number;
  readonly #perPeer = new Map<string, number>();
  #total = 0;

  constructor(limits: { maxConnections: number; maxConnectionsPerPeer: number }) {
    this.#maxConnections = limits.maxConnections;
    this.#maxPerPeer = limits.maxConnectionsPerPeer;
  }

  /** Counts one in, even where it is over the limit: `leave` is called for each. */
  enter(address: string): MailError | undefined {
    const key = clientNetwork(address);
    const count = (this.#perPeer.get(key) ?? 0) + 1;
    this.#perPeer.set(key, count);
    this.#total++;
    if (this.#total > this.#maxConnections) {
      return refuse('too-many-connections', { text: 'Too many connections, try again later' });
    }
    const shared = address === 'local';
    return !shared && count > this.#maxPerPeer ? refuse('too-many-connections') : undefined;
  }

  leave(address: string): void {
    const key = clientNetwork(address);
    const count = (this.#perPeer.get(key) ?? 1) - 1;
    if (count === 0) this.#perPeer.delete(key);
    else this.#perPeer.set(key, count);
    this.#total--;
  }
}
