/**
 * Hosts that offered TLS, and when last. One that offers it no more may be under attack: who
 * sits on the way can take STARTTLS out of the offers.
 *
 * Bounded; the host that was not met for longest is forgotten first, and each after
 * `KEEP_MS`, so that a host that gave TLS up is reached again some day.
 */
import { plainName } from './host-name.ts';
import { fieldsOf } from './state-file.ts';
import type { StateContent } from './state-file.ts';

const KEEP_MS = 60 * 24 * 3_600_000;
/** A date that is not older is good enough: not every session is worth a write. */
const PRECISION_MS = 24 * 3_600_000;
const MAX_HOSTS = 20_000;

/** The memory. */
export class KnownTls implements StateContent {
  readonly #maxHosts: number;
  /** The one met longest ago first. */
  readonly #offeredAt = new Map<string, number>();

  /** Called after each change. */
  onChange: () => void = () => undefined;

  constructor(maxHosts: number = MAX_HOSTS) {
    this.#maxHosts = maxHosts;
  }

  /** When the host offered TLS last. */
  offeredAt(host: string, now: number): number | undefined {
    const at = this.#offeredAt.get(plainName(host));
    return at === undefined || now - at > KEEP_MS ? undefined : at;
  }

  /** The host offers TLS now. */
  note(host: string, now: number): void {
    const key = plainName(host);
    const known = this.#offeredAt.get(key);
    if (known !== undefined && now - known < PRECISION_MS) return;
    this.#offeredAt.delete(key);
    this.#offeredAt.set(key, now);
    this.#forgetOldest();
    this.onChange();
  }

  snapshot(): unknown {
    return Object.fromEntries(this.#offeredAt);
  }

  restore(value: unknown): void {
    for (const [host, at] of Object.entries(fieldsOf(value))) {
      if (typeof at === 'number' && Number.isFinite(at)) this.#offeredAt.set(host, at);
    }
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const oldest of this.#offeredAt.keys()) {
      if (this.#offeredAt.size <= this.#maxHosts) return;
      this.#offeredAt.delete(oldest);
    }
  }
}
