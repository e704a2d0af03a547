/**
 * The TLS that each mail host of a route must have for an ordinary message, and what made
 * it so. Asks the DNS and, for MTA-STS, the policy host; connects to no mail host.
 */
import { destinationOf } from '@posthouse/relay';
import type { NextHost, OutboundTls } from '@posthouse/relay';
import type { TlsPolicy } from '@posthouse/transport-security';
import type { Decision } from './explain-decision.ts';

type Fact = Omit<Decision, 'address'>;

/** One fact for each host's name, in their order. */
export async function explainTls(
  hosts: readonly NextHost[],
  { security }: Pick<OutboundTls, 'security'>,
): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  const seen = new Set<string>();
  for (const host of hosts) {
    const destination = destinationOf(host);
    if (destination === undefined || seen.has(host.name)) continue;
    seen.add(host.name);
    const { decision } = await security.decide(destination, 'ordinary');
    const { because } = decision;
    const text =
      decision.kind === 'avoid' ? 'gets no mail as it stands' : policyText(decision.policy);
    facts.push({ topic: 'tls', text: `${host.name}: ${text}`, because });
  }
  return facts;
}

function policyText(policy: TlsPolicy): string {
  switch (policy.kind) {
    case 'off':
      return 'without TLS';
    case 'opportunistic': {
      const broken = policy.fallsBack ? '' : '; where it breaks, nothing is sent';
      return `opportunistic: used where the host offers it, any certificate${broken}`;
    }
    case 'encrypt':
      return 'required, any certificate';
    case 'verify':
      return `required, with a certificate for ${policy.names.join(' or ')}`;
    case 'dane':
      return 'required, with a certificate that fits its TLSA records (DANE)';
    case 'mta-sts':
      return `required, with a certificate for ${policy.names.join(' or ')} (MTA-STS)`;
  }
}
