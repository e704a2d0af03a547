/**
 * How TLS went, counted by day (UTC), domain and policy, until it is reported.
 *
 * Bounded in octets, roughly: what does not fit is not counted under its own head any more,
 * and days older than a week are dropped. Kept in a file over restarts.
 */
import { fieldsOf, listOf } from '../state-file.ts';
import type { StateContent } from '../state-file.ts';
import type { ReportedPolicy } from './reported-policy.ts';

/** One kind of failure of one policy (RFC 8460 §4.4). */
export interface FailureDetail {
  readonly result: string;
  readonly mxHost: string;
  readonly receivingIp?: string;
  readonly sendingIp?: string;
  readonly reason?: string;
}

/** One session. */
export interface CountedSession {
  readonly domain: string;
  readonly policy: ReportedPolicy;
  readonly failure?: FailureDetail;
}

export interface CountedFailure extends FailureDetail {
  readonly count: number;
}

/** Sessions under one policy. */
export interface PolicyTally {
  readonly policy: ReportedPolicy;
  readonly successes: number;
  /** All of them, also those without a detail of their own. */
  readonly failures: number;
  readonly details: readonly CountedFailure[];
}

/** Sessions of one domain on one day. */
export interface DomainTally {
  /** `2026-11-23`. */
  readonly day: string;
  readonly domain: string;
  readonly policies: readonly PolicyTally[];
}

interface Counting {
  readonly policy: ReportedPolicy;
  successes: number;
  failures: number;
  readonly details: Map<string, { readonly detail: FailureDetail; count: number }>;
}

const DAY_MS = 24 * 3_600_000;
const KEEP_DAYS = 7;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_DETAILS = 50;
const MAX_REASON = 200;

/** The day of a time. */
function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The counts. */
export class Tally implements StateContent {
  readonly #maxBytes: number;
  /** Day → domain → policy → counts. */
  readonly #days = new Map<string, Map<string, Map<string, Counting>>>();
  #bytes = 0;

  /** Called after each change. */
  onChange: () => void = () => undefined;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  count({ domain, failure, policy }: CountedSession, now: number): void {
    this.#dropOld(now);
    const counting = this.#countingOf(dayOf(now), domain, policy);
    if (counting === undefined) return;
    if (failure === undefined) counting.successes += 1;
    else this.#countFailure(counting, failure, 1);
    this.onChange();
  }

  /** All that is counted, oldest day first. */
  domains(): readonly DomainTally[] {
    return [...this.#days]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([day, domains]) =>
        [...domains].map(([domain, policies]) => ({
          day,
          domain,
          policies: [...policies.values()].map(tallyOf),
        })),
      );
  }

  /** Reported, or nobody wants it. */
  forget({ day, domain }: Pick<DomainTally, 'day' | 'domain'>): void {
    const domains = this.#days.get(day);
    for (const counting of domains?.get(domain)?.values() ?? []) this.#bytes -= sizeOf(counting);
    domains?.delete(domain);
    if (domains?.size === 0) this.#days.delete(day);
    this.onChange();
  }

  snapshot(): unknown {
    return this.domains();
  }

  restore(value: unknown): void {
    for (const kept of listOf(value)) {
      const { day, domain, policies } = fieldsOf(kept);
      if (typeof day !== 'string' || typeof domain !== 'string') continue;
      if (!/^\d{4}-\d\d-\d\d$/.test(day)) continue;
      for (const each of listOf(policies)) this.#restorePolicy(day, domain, fieldsOf(each));
    }
  }

  #restorePolicy(day: string, domain: string, kept: Readonly<Record<string, unknown>>): void {
    const policy = policyOf(kept['policy']);
    const counting = policy && this.#countingOf(day, domain, policy);
    if (counting === undefined) return;
    counting.successes = numberOf(kept['successes']);
    for (const each of listOf(kept['details'])) {
      const { count, ...detail } = fieldsOf(each);
      const failure = detailOf(detail);
      if (failure !== undefined) this.#countFailure(counting, failure, numberOf(count));
    }
    counting.failures = numberOf(kept['failures']);
  }

  #countFailure(counting: Counting, failure: FailureDetail, count: number): void {
    counting.failures += count;
    const detail = {
      ...failure,
      ...(failure.reason && { reason: failure.reason.slice(0, MAX_REASON) }),
    };
    const key = JSON.stringify(detail);
    const known = counting.details.get(key);
    if (known !== undefined) {
      known.count += count;
    } else if (counting.details.size < MAX_DETAILS && this.#bytes < this.#maxBytes) {
      counting.details.set(key, { detail, count });
      this.#bytes += key.length;
    }
  }

  #countingOf(day: string, domain: string, policy: ReportedPolicy): Counting | undefined {
    const key = JSON.stringify(policy);
    const known = this.#days.get(day)?.get(domain)?.get(key);
    if (known !== undefined) return known;
    if (this.#bytes >= this.#maxBytes) return undefined;
    const domains = this.#days.get(day) ?? new Map<string, Map<string, Counting>>();
    const policies = domains.get(domain) ?? new Map<string, Counting>();
    const counting: Counting = { policy, successes: 0, failures: 0, details: new Map() };
    this.#days.set(day, domains.set(domain, policies.set(key, counting)));
    this.#bytes += sizeOf(counting);
    return counting;
  }

  #dropOld(now: number): void {
    const oldest = dayOf(now - KEEP_DAYS * DAY_MS);
    for (const [day, domains] of this.#days) {
      if (day >= oldest) continue;
      for (const domain of domains.keys()) this.forget({ day, domain });
    }
  }
}

const ENTRY_BYTES = 200;

function sizeOf({ details, policy }: Counting): number {
  const keys = [...details.keys()].reduce((sum, key) => sum + key.length, 0);
  return ENTRY_BYTES + JSON.stringify(policy).length + keys;
}

function tallyOf({ details, failures, policy, successes }: Counting): PolicyTally {
  const counted = [...details.values()].map(({ count, detail }) => ({ ...detail, count }));
  return { policy, successes, failures, details: counted };
}

function policyOf(value: unknown): ReportedPolicy | undefined {
  const { mxHosts, strings, type } = fieldsOf(value);
  if (type !== 'tlsa' && type !== 'sts' && type !== 'no-policy-found') return undefined;
  return { type, strings: textsOf(strings), mxHosts: textsOf(mxHosts) };
}

function detailOf(fields: Readonly<Record<string, unknown>>): FailureDetail | undefined {
  const { mxHost, reason, receivingIp, result, sendingIp } = fields;
  if (typeof result !== 'string' || typeof mxHost !== 'string') return undefined;
  return {
    result,
    mxHost,
    ...(typeof receivingIp === 'string' && { receivingIp }),
    ...(typeof sendingIp === 'string' && { sendingIp }),
    ...(typeof reason === 'string' && { reason }),
  };
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((text) => typeof text === 'string');
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
