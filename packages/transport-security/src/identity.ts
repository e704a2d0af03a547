/**
 * Who a peer must prove to be under a policy, in the shape that an SMTP client asks for: a
 * key, equal where the same is demanded, and a judge of certificates.
 */
import type { CertificateVerdict, PeerCertificates } from './certificates.ts';
import { judgeByTlsa } from './dane/judge.ts';
import { tlsaKey } from './dane/tlsa.ts';
import { judgeByAuthorities } from './pki.ts';
import type { TlsPolicy } from './policy.ts';

export interface Identity {
  readonly key: string;
  judge(peer: PeerCertificates): CertificateVerdict;
}

/** The identity that a policy demands; none where any certificate will do. */
export function identityOf(policy: TlsPolicy, now: () => number): Identity | undefined {
  switch (policy.kind) {
    case 'off':
    case 'encrypt':
      return undefined;
    case 'opportunistic':
      return policy.testing && byAuthorities('testing', policy.testing.names);
    case 'verify':
      return byAuthorities('verify', policy.names);
    case 'mta-sts':
      return byAuthorities('mta-sts', policy.names);
    case 'dane':
      return {
        key: JSON.stringify(['dane', policy.names, policy.records.map(tlsaKey)]),
        judge: (peer) => judgeByTlsa(peer, policy, now()),
      };
  }
}

function byAuthorities(kind: string, names: readonly string[]): Identity {
  return {
    key: JSON.stringify([kind, names]),
    judge: (peer) => judgeByAuthorities(peer, names, kind === 'verify' ? 'pki' : 'mta-sts'),
  };
}
