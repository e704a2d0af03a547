/**
 * What was learnt, for as long as it may be believed, and a little longer.
 *
 * Bounded in entries and in octets; what was not used for longest goes first. A
 * fact past its TTL stays until `staleUntil`, to be used while no server answers.
 * Only records are kept beyond their TTL: a stale "no such domain" would turn our
 * trouble into the permanent failure of a message.
 *
 * RFC 8767 §4 and §5 (stale answers), RFC 9520 §3.2 (failures are remembered).
 */
import type { WireRecord } from './packet.ts';
import type { DnsError } from './error.ts';

/** What was found out about a name and type. */
export interface Finding {
  readonly kind: 'records' | 'empty' | 'no-such-domain';
  readonly name: string;
  readonly secure: boolean;
  /** Of the type asked for, at `name`. */
  readonly records: readonly WireRecord[];
  readonly ttlMs: number;
  /** Octets of the responses it came from. */
  readonly sizeBytes: number;
}

/** What is remembered of one name and type. */
export interface Memory {
  /** Still to be believed. */
  readonly fresh?: Finding;
  /** Past its TTL, but better than nothing. */
  readonly stale?: Finding;
  /** The last attempt failed, just now. */
  readonly failure?: DnsError;
}

interface Entry {
  readonly finding?: Finding;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly failure?: DnsError;
  readonly failedUntil: number;
}

/** Bounds of a cache. */
export interface CacheLimits {
  readonly maxEntries: number;
  readonly maxCacheBytes: number;
  readonly maxTtlMs: number;
  readonly maxNegativeTtlMs: number;
  readonly maxStaleMs: number;
  readonly failureTtlMs: number;
}

/** Room that an entry takes beside its records. */
const ENTRY_BYTES = 200;

/** One resolver's memory. */
export class Cache {
  readonly #limits: CacheLimits;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  recall(key: string, now: number): Memory {
    const entry = this.#entries.get(key);
    if (entry === undefined) return {};
    if (now >= entry.staleUntil && now >= entry.failedUntil) {
      this.#remove(key);
      return {};
    }
    this.#put(key, entry); // used last
    const { finding, failure } = entry;
    if (finding !== undefined && now < entry.freshUntil) return { fresh: finding };
    return {
      ...(finding !== undefined && now < entry.staleUntil ? { stale: finding } : {}),
      ...(failure !== undefined && now < entry.failedUntil ? { failure } : {}),
    };
  }

  learn(key: string, finding: Finding, now: number): void {
    const { maxTtlMs, maxNegativeTtlMs, maxStaleMs } = this.#limits;
    const positive = finding.kind === 'records';
    const ttlMs = Math.min(finding.ttlMs, positive ? maxTtlMs : maxNegativeTtlMs);
    const freshUntil = now + ttlMs;
    const staleUntil = positive ? freshUntil + maxStaleMs : freshUntil;
    if (staleUntil <= now) this.#remove(key);
    else this.#put(key, { finding, freshUntil, staleUntil, failedUntil: 0 });
  }

  /** Remembers that nothing could be learnt; a stale finding stays beside it. */
  fail(key: string, failure: DnsError, now: number): void {
    const known = this.#entries.get(key) ?? { freshUntil: 0, staleUntil: 0 };
    this.#put(key, { ...known, failure, failedUntil: now + this.#limits.failureTtlMs });
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #put(key: string, entry: Entry): void {
    this.#remove(key);
    this.#entries.set(key, entry);
    this.#bytes += costOf(key, entry);
    for (const oldest of this.#entries.keys()) {
      const { maxEntries, maxCacheBytes } = this.#limits;
      if (this.#entries.size <= maxEntries && this.#bytes <= maxCacheBytes) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= costOf(key, entry);
  }
}

function costOf(key: string, entry: Entry): number {
  return ENTRY_BYTES + key.length + (entry.finding?.sizeBytes ?? 0);
}
