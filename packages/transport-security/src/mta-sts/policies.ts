/**
 * The MTA-STS policies of domains: announced in the DNS, fetched over HTTPS, remembered.
 *
 * A policy that was fetched counts until its time is over, whatever happens to the record
 * and to the policy host meanwhile: who can silence them must not be able to turn it off. A
 * new id fetches anew; a fetch that failed is not tried again for five minutes. Policies are
 * fetched again each day, asked about or not, so that they do not run out.
 *
 * RFC 8461 §3.3, §5.1, §10.2.
 */
import { DnsError } from '@posthouse/dns';
import type { Resolver } from '@posthouse/dns';
import type { Clock, Logger, Startable, Timer } from '@posthouse/mail';
import type { StsFinding, StsPolicy } from './finding.ts';
import { StsFetchError } from './fetch.ts';
import type { PolicyFetch } from './fetch.ts';
import type { PolicyCache } from './policy-cache.ts';
import { readStsPolicy } from './policy-text.ts';
import { readStsId, stsRecordName } from './record.ts';

const REFRESH_AFTER_MS = 24 * 3_600_000;
const SWEEP_MS = 3_600_000;
const RETRY_MS = 5 * 60_000;
const MAX_FAILURES = 10_000;

export interface StsDeps {
  readonly resolver: Pick<Resolver, 'txt'>;
  readonly fetch: PolicyFetch;
  readonly cache: PolicyCache;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Failed = Extract<StsFinding, { kind: 'failed' }>;

/** Finds policies; refreshes them while it runs. */
export class StsPolicies implements Startable {
  readonly #deps: StsDeps;
  readonly #fetching = new Map<string, Promise<StsFinding>>();
  readonly #failures = new Map<string, { readonly finding: Failed; readonly at: number }>();
  #stopping = new AbortController();
  #timer: Timer | undefined;

  constructor(deps: StsDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController();
    this.#sweepLater();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stopping.abort(new Error('stopping'));
    await Promise.allSettled(this.#fetching.values());
  }

  /** What counts for a domain now. @throws what the signal says, and nothing else */
  async find(domain: string, signal?: AbortSignal): Promise<StsFinding> {
    const { cache, clock } = this.#deps;
    const id = await this.#announced(domain, signal);
    const known = cache.get(domain, clock.now());
    if (id === undefined || id === known?.id) return known ? found(known) : { kind: 'none' };
    const fetched = await untilAborted(this.#fetch(domain, id), signal);
    if (fetched.kind === 'policy') return fetched;
    return known === undefined ? fetched : found(known);
  }

  /** The id that the DNS announces; none where it does not answer: what is remembered counts then. */
  async #announced(domain: string, signal?: AbortSignal): Promise<string | undefined> {
    try {
      const answer = await this.#deps.resolver.txt(stsRecordName(domain), signal);
      return answer.kind === 'records' ? readStsId(answer.records) : undefined;
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      return undefined;
    }
  }

  /** One fetch of a domain at a time; whoever asks meanwhile gets its result. */
  #fetch(domain: string, id: string): Promise<StsFinding> {
    const failure = this.#failures.get(domain);
    if (failure !== undefined && this.#deps.clock.now() - failure.at < RETRY_MS) {
      return Promise.resolve(failure.finding);
    }
    const underWay = this.#fetching.get(domain);
    if (underWay !== undefined) return underWay;
    const fetching = this.#fetchNow(domain, id).finally(() => this.#fetching.delete(domain));
    this.#fetching.set(domain, fetching);
    return fetching;
  }

  async #fetchNow(domain: string, id: string): Promise<StsFinding> {
    const { cache, clock, fetch, logger } = this.#deps;
    try {
      const reading = readStsPolicy(await fetch(domain, this.#stopping.signal));
      if (reading.kind === 'invalid') throw new StsFetchError('sts-policy-invalid', reading.reason);
      const policy: StsPolicy = { id, ...reading.policy, fetchedAt: clock.now() };
      this.#failures.delete(domain);
      cache.set(domain, policy);
      return found(policy);
    } catch (error) {
      const fault = error instanceof StsFetchError ? error.fault : 'sts-policy-fetch-error';
      const because = error instanceof Error ? error.message : String(error);
      if (!this.#stopping.signal.aborted) {
        logger.warn(
          { event: 'mta-sts-fetch-failed', domain, fault, reason: because },
          'The MTA-STS policy of a domain could not be fetched',
        );
      }
      const finding: Failed = { kind: 'failed', fault, because };
      this.#remember(domain, finding);
      return finding;
    }
  }

  #remember(domain: string, finding: Failed): void {
    this.#failures.delete(domain);
    this.#failures.set(domain, { finding, at: this.#deps.clock.now() });
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined && this.#failures.size > MAX_FAILURES) this.#failures.delete(oldest);
  }

  #sweepLater(): void {
    this.#timer ??= this.#deps.clock.after(SWEEP_MS, () => {
      this.#timer = undefined;
      void this.#sweep().finally(() => {
        if (!this.#stopping.signal.aborted) this.#sweepLater();
      });
    });
  }

  /** One after the other: nobody waits for it. */
  async #sweep(): Promise<void> {
    const { cache, clock } = this.#deps;
    const now = clock.now();
    for (const domain of cache.fetchedBefore(now - REFRESH_AFTER_MS, now)) {
      if (this.#stopping.signal.aborted) return;
      const id = await this.#announced(domain, this.#stopping.signal).catch(() => undefined);
      if (id !== undefined) await this.#fetch(domain, id);
    }
  }
}

/** The promise, unless the signal comes first; what is fetched is remembered all the same. */
async function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function found(policy: StsPolicy): StsFinding {
  return { kind: 'policy', policy };
}
