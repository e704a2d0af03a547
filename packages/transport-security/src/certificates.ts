/**
 * What a peer shows in a TLS handshake, and the verdict on it.
 *
 * The shapes are those that an SMTP client hands over before it says anything of a message;
 * neither side needs the other's code.
 */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** A peer's certificates. */
export interface PeerCertificates {
  /** The peer's own first, then as far as each one's issuer is there. */
  readonly chain: readonly X509Certificate[];
  /** Why no authority that we believe vouches for them, in OpenSSL's code; absent where one does. */
  readonly distrust?: string;
}

/** In the words of RFC 8460 §4.3. */
export type CertificateFault =
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted';

/** Whether it is the right peer, and by what. */
export type CertificateVerdict =
  | { readonly kind: 'right'; readonly by: 'pki' | 'dane' | 'mta-sts' }
  | { readonly kind: 'wrong'; readonly fault: CertificateFault; readonly reason: string };

/** A verdict against the peer. */
export function wrong(fault: CertificateFault, reason: string): CertificateVerdict {
  return { kind: 'wrong', fault, reason };
}

/**
 * Whether a certificate is for one of the names: by the DNS names and addresses in it, never
 * by its subject (RFC 8461 §4.1, RFC 7672 §3.2.3). A name with `*.` is any one label there.
 */
export function isFor(certificate: X509Certificate, names: readonly string[]): boolean {
  return names.some((name) => {
    if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
    // A leading dot asks OpenSSL for names below a domain.
    const asked = name.startsWith('*.') ? name.slice(1) : name;
    return certificate.checkHost(asked, CHECK) !== undefined;
  });
}

const CHECK = {
  subject: 'never',
  partialWildcards: false,
  singleLabelSubdomains: true,
} as const;
