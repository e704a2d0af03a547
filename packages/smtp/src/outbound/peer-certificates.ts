/**
 * What a peer showed in its handshake, for whoever judges it.
 *
 * Read by `getPeerCertificate`: `getPeerX509Certificate` takes the chain away from the
 * connection as one walks along it (Node 24.21), so that nobody could look a second time.
 */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { PeerCertificates } from './connect-target.ts';

/** More is no chain that anyone needs. */
const MAX_CERTIFICATES = 10;

/** Reads. The authorities' verdict is TLS's own. */
export function peerCertificates(socket: TLSSocket): PeerCertificates {
  const chain: X509Certificate[] = [];
  let shown: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // Without a certificate there is an empty object; a root is its own issuer.
  while (shown?.raw !== undefined && chain.length < MAX_CERTIFICATES) {
    chain.push(new X509Certificate(shown.raw));
    shown = shown.issuerCertificate === shown ? undefined : shown.issuerCertificate;
  }
  if (socket.authorized) return { chain };
  return { chain, distrust: String(socket.authorizationError) };
}
