/**
 * The authorities' verdict on a peer: the chain, as TLS has checked it already, and the
 * names. Pure.
 *
 * RFC 8461 §4.1, RFC 6125 §6.
 */
import { isFor, wrong } from './certificates.ts';
import type { CertificateVerdict, PeerCertificates } from './certificates.ts';

/** Judges. `names` may hold `*.` patterns. */
export function judgeByAuthorities(
  { chain, distrust }: PeerCertificates,
  names: readonly string[],
  by: 'pki' | 'mta-sts',
): CertificateVerdict {
  const [own] = chain;
  if (own === undefined) return wrong('certificate-not-trusted', 'it showed no certificate');
  if (distrust === 'CERT_HAS_EXPIRED' || distrust === 'CERT_NOT_YET_VALID') {
    return wrong('certificate-expired', distrust);
  }
  if (distrust !== undefined) return wrong('certificate-not-trusted', distrust);
  if (!isFor(own, names)) {
    return wrong('certificate-host-mismatch', `it is not for ${names.join(', ')}`);
  }
  return { kind: 'right', by };
}
