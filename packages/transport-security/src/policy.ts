/**
 * The TLS policy of one next host for one message: a decision of facts alone. Pure.
 *
 * Precedence, the first that speaks decides:
 *  1. a rule of the configuration for the recipient's domain
 *  2. `TLS-Required: No` of the message: opportunistic, whatever the domain publishes
 *  3. DANE: TLSA records of the host, vouched for by DNSSEC (RFC 8461 §2: before MTA-STS)
 *  4. MTA-STS of the domain, where it is enforced
 *  5. a host that offered TLS before, where the setting takes its silence for an attack
 *  6. opportunistic
 * REQUIRETLS of the message then asks for more: a certificate that is verified, of a host
 * whose name is proven. Where it cannot be had, the host gets nothing.
 */
import type { TlsaRecord } from '@posthouse/dns';
import type { DaneFinding } from './dane/finding.ts';
import { matchesHost } from './host-name.ts';
import type { StsFinding } from './mta-sts/finding.ts';
import type { FoundRule } from './rules.ts';

/** How a host is spoken to. */
export type TlsPolicy =
  | { readonly kind: 'off' }
  /** STARTTLS where offered, any certificate. */
  | {
      readonly kind: 'opportunistic';
      /** Whether a handshake that breaks is tried again without TLS. */
      readonly fallsBack: boolean;
      /** An MTA-STS policy in testing: whom the certificate should be for is looked at, and counted. */
      readonly testing?: { readonly names: readonly string[] };
    }
  /** STARTTLS or nothing, any certificate. */
  | { readonly kind: 'encrypt' }
  /** A certificate of an authority that we believe, for one of the names. */
  | { readonly kind: 'verify'; readonly names: readonly string[] }
  | {
      readonly kind: 'dane';
      readonly records: readonly TlsaRecord[];
      /** Whom a certificate must be for where a record names an authority (RFC 7672 §3.2.2). */
      readonly names: readonly string[];
    }
  | {
      readonly kind: 'mta-sts';
      /** The patterns of the policy, one of which the host fits. */
      readonly mx: readonly string[];
      /** The certificate must be for the host. */
      readonly names: readonly string[];
    };

/** What made the policy. */
export type TlsBasis =
  | 'rule'
  | 'tls-optional'
  | 'dane'
  | 'mta-sts'
  | 'known-tls'
  | 'default'
  | 'require-tls';

/** Why a host must not be used for the message. */
export type TlsObstacle =
  /** The DNS does not say whether there are TLSA records: not now (RFC 7672 §2.1.1). */
  | 'dns-trouble'
  /** A rule wants DANE, and the host has no TLSA records. */
  | 'dane-required'
  /** The host is none of those that the MTA-STS policy names. */
  | 'sts-mx-mismatch'
  /** REQUIRETLS, and nothing proves the name of the host or its certificate (RFC 8689 §4.2.1). */
  | 'require-tls';

/** How to speak to the host, or that it must be passed by; and why. */
export type TlsDecision =
  | {
      readonly kind: 'speak';
      readonly policy: TlsPolicy;
      readonly basis: TlsBasis;
      /** The setting, record or policy that made it so. */
      readonly because: string;
    }
  | {
      readonly kind: 'avoid';
      readonly obstacle: TlsObstacle;
      readonly basis: TlsBasis;
      readonly because: string;
    };

/** What a message asks of TLS: nothing, REQUIRETLS, or `TLS-Required: No` (RFC 8689). */
export type TlsWish = 'ordinary' | 'required' | 'optional';

/** All that the decision depends on. */
export interface PolicyFacts {
  /** The host's name as the MX record gives it. */
  readonly host: string;
  readonly wish: TlsWish;
  readonly rule?: FoundRule | undefined;
  /** Whether the name of the host is vouched for by DNSSEC: a signed MX, or no MX by a signed answer. */
  readonly hostIsSigned: boolean;
  readonly dane: DaneFinding;
  readonly sts: StsFinding;
  /** When the host offered TLS last, as far as we know; milliseconds since the epoch. */
  readonly offeredTlsAt?: number | undefined;
  /** Whether a host that offered TLS once must offer it always. */
  readonly insistsOnKnownTls: boolean;
  readonly fallsBack: boolean;
}

/** Decides. */
export function tlsPolicyFor(facts: PolicyFacts): TlsDecision {
  const decision = withoutWish(facts);
  return facts.wish === 'required' ? strengthened(decision, facts) : decision;
}

function withoutWish(facts: PolicyFacts): TlsDecision {
  const { rule, wish } = facts;
  if (rule !== undefined) return byRule(rule, facts);
  if (wish === 'optional') {
    return speak({ kind: 'opportunistic', fallsBack: true }, 'tls-optional', 'TLS-Required: No');
  }
  return byDane(facts) ?? bySts(facts) ?? byChance(facts);
}

function byRule(rule: FoundRule, facts: PolicyFacts): TlsDecision {
  const because = `relay.tls.rules."${rule.key}"`;
  switch (rule.level) {
    case 'off':
      return speak({ kind: 'off' }, 'rule', because);
    case 'may':
      return speak({ kind: 'opportunistic', fallsBack: facts.fallsBack }, 'rule', because);
    case 'encrypt':
      return speak({ kind: 'encrypt' }, 'rule', because);
    case 'verify':
      return speak({ kind: 'verify', names: rule.names ?? [facts.host] }, 'rule', because);
    case 'dane': {
      const decision = byDane(facts);
      if (facts.dane.kind === 'records' && decision?.kind === 'speak') {
        return { ...decision, basis: 'rule', because: `${because}, ${decision.because}` };
      }
      const obstacle = facts.dane.kind === 'trouble' ? 'dns-trouble' : 'dane-required';
      return avoid(obstacle, 'rule', `${because}: ${facts.dane.because}`);
    }
  }
}

function byDane({ dane }: PolicyFacts): TlsDecision | undefined {
  switch (dane.kind) {
    case 'none':
      return undefined;
    case 'trouble':
      return avoid('dns-trouble', 'dane', dane.because);
    case 'unusable':
      // Somebody wanted TLS here and said so under signature; whom to trust he did not (RFC 7672 §2.2).
      return speak({ kind: 'encrypt' }, 'dane', dane.because);
    case 'records': {
      const { because, names, records } = dane;
      return speak({ kind: 'dane', records, names }, 'dane', because);
    }
  }
}

function bySts({ host, sts, fallsBack }: PolicyFacts): TlsDecision | undefined {
  if (sts.kind !== 'policy' || sts.policy.mode === 'none') return undefined;
  const { id, mode, mx } = sts.policy;
  const because = `MTA-STS policy ${id} (${mode})`;
  if (mode === 'testing') {
    return speak(
      { kind: 'opportunistic', fallsBack, testing: { names: [host] } },
      'mta-sts',
      because,
    );
  }
  return mx.some((pattern) => matchesHost(pattern, host))
    ? speak({ kind: 'mta-sts', mx, names: [host] }, 'mta-sts', because)
    : avoid('sts-mx-mismatch', 'mta-sts', `${because}: ${host} is none of ${mx.join(', ')}`);
}

function byChance({ fallsBack, insistsOnKnownTls, offeredTlsAt }: PolicyFacts): TlsDecision {
  if (insistsOnKnownTls && offeredTlsAt !== undefined) {
    const day = new Date(offeredTlsAt).toISOString().slice(0, 10);
    return speak({ kind: 'encrypt' }, 'known-tls', `it offered TLS on ${day}`);
  }
  return speak({ kind: 'opportunistic', fallsBack }, 'default', 'the default');
}

/** What REQUIRETLS adds (RFC 8689 §4.2.1): a verified certificate, and a name that nobody could forge. */
function strengthened(decision: TlsDecision, facts: PolicyFacts): TlsDecision {
  if (decision.kind === 'avoid') return decision;
  const { policy } = decision;
  if (policy.kind === 'dane' || policy.kind === 'mta-sts') return decision;
  if (policy.kind === 'verify' && decision.basis === 'rule') return decision;
  const { host, hostIsSigned, sts } = facts;
  const isUnauthenticated = policy.kind === 'encrypt' && decision.basis === 'dane';
  const isListed =
    sts.kind === 'policy' && sts.policy.mx.some((pattern) => matchesHost(pattern, host));
  if (policy.kind === 'off' || isUnauthenticated || !(hostIsSigned || isListed)) {
    const why =
      policy.kind === 'off' || isUnauthenticated
        ? `${decision.because}: its certificate proves nothing`
        : 'neither DNSSEC nor MTA-STS vouches for the name of the host';
    return avoid('require-tls', 'require-tls', why);
  }
  const proof = hostIsSigned ? 'DNSSEC vouches for its name' : 'MTA-STS names it';
  return speak({ kind: 'verify', names: [host] }, 'require-tls', `REQUIRETLS; ${proof}`);
}

function speak(policy: TlsPolicy, basis: TlsBasis, because: string): TlsDecision {
  return { kind: 'speak', policy, basis, because };
}

function avoid(obstacle: TlsObstacle, basis: TlsBasis, because: string): TlsDecision {
  return { kind: 'avoid', obstacle, basis, because };
}
