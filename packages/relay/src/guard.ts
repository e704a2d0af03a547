/**
 * The TLS of one attempt at one host: asks the transport security, and says it in the words
 * of an SMTP client, or why the host must be passed by for this message.
 *
 * Hosts that the configuration names have their TLS from there and are not asked about.
 *
 * RFC 8689 §4.2.1 (REQUIRETLS), §5 (TLS-Required), RFC 8461 §5, RFC 7672 §2.
 */
import { refuse } from '@posthouse/mail';
import type { Clock, MailError } from '@posthouse/mail';
import type { MessageRecord } from '@posthouse/queue';
import type { TargetTls } from '@posthouse/smtp';
import { identityOf } from '@posthouse/transport-security';
import type {
  Destination,
  TlsDecision,
  TlsPolicy,
  TlsWish,
  TransportSecurity,
} from '@posthouse/transport-security';
import type { NextHost } from './next-hosts.ts';
import type { Secured } from './peers.ts';

export interface GuardDeps {
  readonly security: TransportSecurity;
  readonly clock: Clock;
  /** Asked for each attempt. */
  readonly authorities: () => Authorities;
}

/** Authorities to believe beside those that Node brings. */
export interface Authorities {
  /** Another one for others. */
  readonly generation: number;
  readonly pem: string | undefined;
}

/** How the host is spoken to for the message. */
export type Guard = (
  host: NextHost,
  message: Pick<MessageRecord, 'params' | 'tlsOptional'>,
  signal?: AbortSignal,
) => Promise<Secured | undefined>;

/** Makes the guard. It throws MailError where the host must be passed by. */
export function createGuard({ authorities, clock, security }: GuardDeps): Guard {
  return async (host, message, signal) => {
    const destination = destinationOf(host);
    if (destination === undefined) return undefined;
    const decided = await security.decide(destination, wishOf(message), signal);
    const { decision } = decided;
    if (decision.kind === 'avoid') {
      security.note(decided, { host: { name: host.name }, fault: faultOf(decision) });
      throw refusalOf(decision, host);
    }
    const { generation, pem } = authorities();
    const tls = targetTlsOf(decision.policy, clock, pem);
    return {
      key: JSON.stringify([tls.mode, tls.fallsBack, tls.identity?.key, generation]),
      tls,
      onTls: (outcome) => security.note(decided, outcome),
    };
  };
}

/** What a host is to the transport security; nothing where the configuration names it. */
export function destinationOf({ endpoint, foundFor, name }: NextHost): Destination | undefined {
  if (foundFor === undefined || 'path' in endpoint) return undefined;
  const { domain, isSigned } = foundFor;
  return { domain, host: name, port: endpoint.port, hostIsSigned: isSigned };
}

/** What a message asks of TLS. REQUIRETLS counts for more than the field (RFC 8689 §3). */
export function wishOf({
  params,
  tlsOptional,
}: Pick<MessageRecord, 'params' | 'tlsOptional'>): TlsWish {
  if (params.requireTls === true) return 'required';
  return tlsOptional === true ? 'optional' : 'ordinary';
}

function targetTlsOf(policy: TlsPolicy, clock: Clock, ca: string | undefined): TargetTls {
  const identity = identityOf(policy, () => clock.now());
  const more = { ...(ca !== undefined && { ca }), ...(identity && { identity }) };
  switch (policy.kind) {
    case 'off':
      return { mode: 'off', verify: false };
    case 'opportunistic':
      return { mode: 'opportunistic', verify: false, fallsBack: policy.fallsBack, ...more };
    case 'encrypt':
    case 'verify':
    case 'dane':
    case 'mta-sts':
      return { mode: 'required', verify: false, ...more };
  }
}

type Avoided = Extract<TlsDecision, { kind: 'avoid' }>;

function refusalOf({ because, obstacle }: Avoided, { endpoint, name }: NextHost): MailError {
  const host = { name, ...('path' in endpoint ? {} : { address: endpoint.host }) };
  switch (obstacle) {
    case 'dns-trouble':
      return refuse('routing-unavailable', {
        text: `It is not known what TLS ${name} must have: ${because}`,
        host,
        scope: 'host',
      });
    case 'dane-required':
    case 'sts-mx-mismatch':
      return refuse('next-hop-tls', {
        text: `${name} must not be given this mail: ${because}`,
        host,
        scope: 'host',
      });
    case 'require-tls':
      return refuse('requiretls-unsupported', {
        text: `REQUIRETLS cannot be kept with ${name}: ${because}`,
        host,
      });
  }
}

/** In the words of RFC 8460 §4.3. */
function faultOf({ because, obstacle }: Avoided): {
  readonly kind: string;
  readonly reason: string;
} {
  const kinds = {
    'dns-trouble': 'dnssec-invalid',
    'dane-required': 'dane-required',
    'sts-mx-mismatch': 'validation-failure',
    'require-tls': 'validation-failure',
  } as const;
  return { kind: kinds[obstacle], reason: because };
}
