/**
 * X.509 certificates for development: a private authority, and servers' certificates
 * signed by it. ECDSA P-256 with SHA-256.
 *
 * The authority is bound by name constraints, so that whoever trusts it trusts it for
 * these names and for nothing else. Pure but for the random serial number and key.
 *
 * RFC 5280 §4; key identifiers after RFC 7093 §2 method 1.
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  context,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';
import type { ObjectIdentifier } from './der.ts';

/** A certificate with its private key, both as PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What to certify. Names are DNS names or IP addresses. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** Key usage bits (RFC 5280 §4.2.1.3). */
const DIGITAL_SIGNATURE = 0;
const KEY_CERT_SIGN = 5;
const CRL_SIGN = 6;

/** Makes an authority that can certify exactly the names of the request, and names below its domains. */
export function createAuthority(request: CertificateRequest): KeyedCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identifier = keyIdentifier(keys.publicKey);
  const subtrees = request.names.map((name) => sequence(generalName(name, 'subtree')));
  const issuer = { commonName: request.commonName, key: keys.privateKey };
  return finish(keys, issuer, request, [
    extension(OID.basicConstraints, 'critical', sequence(boolean(true), integer(0))),
    extension(OID.keyUsage, 'critical', namedBits(KEY_CERT_SIGN, CRL_SIGN)),
    extension(OID.nameConstraints, 'critical', sequence(context(0, 'constructed', ...subtrees))),
    // For whoever has to tell later which names those are: few readers understand constraints.
    alternativeNames(request.names),
    extension(OID.subjectKeyIdentifier, 'plain', octetString(identifier)),
    extension(OID.authorityKeyIdentifier, 'plain', sequence(context(0, 'primitive', identifier))),
  ]);
}

/** Makes a server's certificate, signed by the authority. */
export function createServerCertificate(
  request: CertificateRequest,
  authority: KeyedCertificate & { readonly commonName: string },
): KeyedCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerIdentifier = keyIdentifier(createPublicKey(authority.certificate));
  return finish(keys, authority, request, [
    extension(OID.basicConstraints, 'critical', sequence()),
    extension(OID.keyUsage, 'critical', namedBits(DIGITAL_SIGNATURE)),
    extension(OID.extendedKeyUsage, 'plain', sequence(objectIdentifier(OID.serverAuth))),
    alternativeNames(request.names),
    extension(OID.subjectKeyIdentifier, 'plain', octetString(keyIdentifier(keys.publicKey))),
    extension(
      OID.authorityKeyIdentifier,
      'plain',
      sequence(context(0, 'primitive', issuerIdentifier)),
    ),
  ]);
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Who signs: its name and its private key. */
interface Issuer {
  readonly commonName: string;
  readonly key: KeyObject | string;
}

function finish(
  keys: KeyPair,
  issuer: Issuer,
  request: CertificateRequest,
  extensions: readonly Buffer[],
): KeyedCertificate {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const toBeSigned = sequence(
    context(0, 'constructed', integer(2)), // version 3
    integer(serialNumber()),
    algorithm,
    distinguishedName(issuer.commonName),
    sequence(time(request.notBefore), time(request.notAfter)),
    distinguishedName(request.commonName),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    context(3, 'constructed', sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, issuer.key);
  return {
    certificate: pem(sequence(toBeSigned, algorithm, bitString(signature))),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function extension(oid: ObjectIdentifier, weight: 'critical' | 'plain', value: Buffer): Buffer {
  const critical = weight === 'critical' ? [boolean(true)] : [];
  return sequence(objectIdentifier(oid), ...critical, octetString(value));
}

function alternativeNames(names: readonly string[]): Buffer {
  const value = sequence(...names.map((name) => generalName(name, 'name')));
  return extension(OID.subjectAltName, 'plain', value);
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
}

/** RFC 5280 §4.2.1.6 (names) and §4.2.1.10 (subtrees: an address is followed by its mask). */
function generalName(name: string, use: 'name' | 'subtree'): Buffer {
  if (isIP(name) === 0) return context(2, 'primitive', Buffer.from(name, 'ascii'));
  const octets = addressOctets(name);
  const mask = use === 'subtree' ? [Buffer.alloc(octets.length, 0xff)] : [];
  return context(7, 'primitive', octets, ...mask);
}

function addressOctets(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const all = tail === undefined ? left : [...left, ...zeros, ...right];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** The leftmost 160 bits of SHA-256 over the key's bits, which close an EC public key's SPKI. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const point = spki.subarray(spki.length - 65); // uncompressed P-256 point (RFC 5480 §2.2)
  return createHash('sha256').update(point).digest().subarray(0, 20);
}

/** Positive, at most 20 octets, unpredictable (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
