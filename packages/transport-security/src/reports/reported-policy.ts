/**
 * The policy of a domain as a report names it. Pure.
 *
 * RFC 8460 §4.2.
 */
import { tlsaText } from '../dane/tlsa.ts';
import type { PolicyFacts } from '../policy.ts';

export interface ReportedPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  /** The records, or the lines of the policy. */
  readonly strings: readonly string[];
  /** Patterns of an MTA-STS policy. */
  readonly mxHosts: readonly string[];
}

const MAX_STRINGS = 50;

/** What was found for a host, whatever came of it. */
export function reportedPolicyOf({ dane, sts }: PolicyFacts): ReportedPolicy {
  if (dane.kind === 'records') {
    return { type: 'tlsa', strings: dane.records.slice(0, MAX_STRINGS).map(tlsaText), mxHosts: [] };
  }
  if (dane.kind !== 'none') return { type: 'tlsa', strings: [], mxHosts: [] };
  if (sts.kind === 'policy' && sts.policy.mode !== 'none') {
    const { maxAgeMs, mode } = sts.policy;
    const mx = sts.policy.mx.slice(0, MAX_STRINGS);
    return {
      type: 'sts',
      strings: [
        'version: STSv1',
        `mode: ${mode}`,
        ...mx.map((pattern) => `mx: ${pattern}`),
        `max_age: ${Math.floor(maxAgeMs / 1000)}`,
      ],
      mxHosts: mx,
    };
  }
  if (sts.kind === 'failed') return { type: 'sts', strings: [], mxHosts: [] };
  return { type: 'no-policy-found', strings: [], mxHosts: [] };
}
