/**
 * The verdict of TLSA records on a peer's certificates. Pure.
 *
 * DANE-EE(3): the peer's own certificate or key is the one of a record; neither names nor
 * dates are looked at (RFC 7672 §3.1.1). DANE-TA(2): an authority of a record stands above
 * it in the chain, or signs the last certificate of it; every signature, every date, the
 * names and the purpose are checked (§3.1.2). One record that fits is enough.
 *
 * Limits of path length and of names that an authority may put on the ones below it are not
 * looked at: the authority is the domain's own choice.
 */
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { TlsaRecord } from '@posthouse/dns';
import { isFor, wrong } from '../certificates.ts';
import type { CertificateVerdict, PeerCertificates } from '../certificates.ts';
import { DANE_EE, DANE_TA, FULL, SHA2_256, WHOLE_CERTIFICATE } from './tlsa.ts';

/** Judges. The names are those of `DaneFinding`. */
export function judgeByTlsa(
  { chain }: Pick<PeerCertificates, 'chain'>,
  {
    names,
    records,
  }: { readonly names: readonly string[]; readonly records: readonly TlsaRecord[] },
  now: number,
): CertificateVerdict {
  const [own] = chain;
  if (own === undefined) return wrong('certificate-not-trusted', 'it showed no certificate');
  if (records.some((record) => record.usage === DANE_EE && fits(record, own))) {
    return { kind: 'right', by: 'dane' };
  }
  const authorities = records.filter(({ usage }) => usage === DANE_TA);
  const path = authorities.length === 0 ? undefined : trustedPath(chain, authorities);
  if (path === undefined) {
    return wrong('certificate-not-trusted', 'no TLSA record fits its certificates');
  }
  const expired = path.find(({ validFromDate, validToDate }) => {
    return now < validFromDate.getTime() || now > validToDate.getTime();
  });
  if (expired !== undefined) {
    return wrong('certificate-expired', `valid until ${expired.validToDate.toISOString()}`);
  }
  if (!isFor(own, names)) {
    return wrong('certificate-host-mismatch', `it is not for ${names.join(', ')}`);
  }
  const purposes: readonly string[] | undefined = own.keyUsage; // extended key usage, absent: any
  if (purposes !== undefined && !purposes.includes(SERVER_AUTH)) {
    return wrong('certificate-not-trusted', 'it is not meant for servers');
  }
  return { kind: 'right', by: 'dane' };
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** The certificates from the peer's own up to the authority of a record, each signed by the next. */
function trustedPath(
  chain: readonly X509Certificate[],
  authorities: readonly TlsaRecord[],
): readonly X509Certificate[] | undefined {
  const path: X509Certificate[] = [];
  for (const certificate of chain) {
    const below = path.at(-1);
    if (below !== undefined && !isIssuedBy(below, certificate)) return undefined;
    path.push(certificate);
    if (below !== undefined && authorities.some((record) => fits(record, certificate))) return path;
    const issuer = authorities.find((record) => signs(record, certificate));
    if (issuer !== undefined) return [...path, ...certificateOf(issuer)];
  }
  return undefined;
}

function isIssuedBy(below: X509Certificate, above: X509Certificate): boolean {
  return above.ca && below.checkIssued(above) && isSignedBy(below, above.publicKey);
}

function isSignedBy(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key);
  } catch {
    return false; // a key of another kind
  }
}

/** Whether a record brings the whole authority, certificate or key, and that has signed this one. */
function signs(record: TlsaRecord, certificate: X509Certificate): boolean {
  if (record.matchingType !== FULL) return false;
  const [above] = certificateOf(record);
  if (above !== undefined) return isIssuedBy(certificate, above);
  const key = record.selector === WHOLE_CERTIFICATE ? undefined : keyOf(record.certificate);
  return key !== undefined && isSignedBy(certificate, key);
}

function certificateOf(record: TlsaRecord): readonly X509Certificate[] {
  if (record.selector !== WHOLE_CERTIFICATE || record.matchingType !== FULL) return [];
  try {
    return [new X509Certificate(record.certificate)];
  } catch {
    return [];
  }
}

function keyOf(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** RFC 6698 §2.1.2, §2.1.3. */
function fits(
  { selector, matchingType, certificate: association }: TlsaRecord,
  certificate: X509Certificate,
): boolean {
  const selected =
    selector === WHOLE_CERTIFICATE
      ? certificate.raw
      : certificate.publicKey.export({ type: 'spki', format: 'der' });
  const data =
    matchingType === FULL
      ? selected
      : createHash(matchingType === SHA2_256 ? 'sha256' : 'sha512')
          .update(selected)
          .digest();
  return data.equals(association);
}
