/**
 * Policies that were fetched, by domain, until their time is over.
 *
 * Bounded; the domain that was not asked about for longest goes first.
 */
import { fieldsOf, listOf } from '../state-file.ts';
import type { StateContent } from '../state-file.ts';
import type { StsMode, StsPolicy } from './finding.ts';

const MAX_DOMAINS = 10_000;
const MODES: ReadonlySet<unknown> = new Set<StsMode>(['enforce', 'testing', 'none']);

/** The memory. */
export class PolicyCache implements StateContent {
  readonly #maxDomains: number;
  readonly #policies = new Map<string, StsPolicy>();

  /** Called after each change. */
  onChange: () => void = () => undefined;

  constructor(maxDomains: number = MAX_DOMAINS) {
    this.#maxDomains = maxDomains;
  }

  /** The policy of a domain, while it lasts. */
  get(domain: string, now: number): StsPolicy | undefined {
    const policy = this.#policies.get(domain);
    if (policy === undefined) return undefined;
    this.#policies.delete(domain);
    if (now >= policy.fetchedAt + policy.maxAgeMs) return undefined;
    this.#policies.set(domain, policy);
    return policy;
  }

  set(domain: string, policy: StsPolicy): void {
    this.#policies.delete(domain);
    this.#policies.set(domain, policy);
    this.#forgetOldest();
    this.onChange();
  }

  /** Domains whose policy was fetched before a time and still lasts. */
  fetchedBefore(time: number, now: number): readonly string[] {
    return [...this.#policies].flatMap(([domain, { fetchedAt, maxAgeMs, mode }]) =>
      mode !== 'none' && fetchedAt < time && now < fetchedAt + maxAgeMs ? [domain] : [],
    );
  }

  snapshot(): unknown {
    return Object.fromEntries(this.#policies);
  }

  restore(value: unknown): void {
    for (const [domain, kept] of Object.entries(fieldsOf(value))) {
      const policy = policyOf(kept);
      if (policy !== undefined) this.#policies.set(domain, policy);
    }
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const oldest of this.#policies.keys()) {
      if (this.#policies.size <= this.#maxDomains) return;
      this.#policies.delete(oldest);
    }
  }
}

function policyOf(value: unknown): StsPolicy | undefined {
  const { fetchedAt, id, maxAgeMs, mode, mx } = fieldsOf(value);
  const patterns = listOf(mx).filter((pattern) => typeof pattern === 'string');
  if (typeof id !== 'string' || !isMode(mode)) return undefined;
  if (typeof fetchedAt !== 'number' || typeof maxAgeMs !== 'number') return undefined;
  return { id, mode, mx: patterns, maxAgeMs, fetchedAt };
}

function isMode(value: unknown): value is StsMode {
  return MODES.has(value);
}
