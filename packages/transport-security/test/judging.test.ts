import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TlsaRecord } from '@posthouse/dns';
import { isFor } from '../src/certificates.ts';
import { judgeByTlsa } from '../src/dane/judge.ts';
import { usableRecords } from '../src/dane/tlsa.ts';
import { createAuthority, createServerCertificate } from '../src/index.ts';
import { judgeByAuthorities } from '../src/pki.ts';

const DAY_MS = 24 * 3_600_000;
const NOW = Date.UTC(2026, 5, 1);
const NAMES = ['mx.example.test'];

const authority = createAuthority({
  commonName: 'Authority',
  names: ['example.test'],
  notBefore: NOW - DAY_MS,
  notAfter: NOW + DAY_MS,
});
const other = createAuthority({
  commonName: 'Authority',
  names: ['example.test'],
  notBefore: NOW - DAY_MS,
  notAfter: NOW + DAY_MS,
});

function issued(names = NAMES, notAfter = NOW + DAY_MS): X509Certificate {
  const request = { commonName: 'host', names, notBefore: NOW - 2 * DAY_MS, notAfter };
  const issuer = { ...authority, commonName: 'Authority' };
  return new X509Certificate(createServerCertificate(request, issuer).certificate);
}

const own = issued();
const above = new X509Certificate(authority.certificate);
const stranger = new X509Certificate(other.certificate);
const chain = [own, above];

function record(
  usage: number,
  selector: number,
  matchingType: number,
  of: X509Certificate,
): TlsaRecord {
  const data = selector === 0 ? of.raw : of.publicKey.export({ type: 'spki', format: 'der' });
  const certificate =
    matchingType === 0
      ? data
      : createHash(matchingType === 1 ? 'sha256' : 'sha512')
          .update(data)
          .digest();
  return { usage, selector, matchingType, certificate };
}

function judge(
  records: readonly TlsaRecord[],
  shown: readonly X509Certificate[] = chain,
  now = NOW,
): unknown {
  const verdict = judgeByTlsa({ chain: shown }, { names: NAMES, records }, now);
  return verdict.kind === 'right' ? verdict.by : verdict.fault;
}

const KINDS = [0, 1].flatMap((selector) => [0, 1, 2].map((type) => [selector, type] as const));

describe('DANE-EE', () => {
  it.each(KINDS)('3 %i %i knows the certificate', (selector, type) => {
    expect(judge([record(3, selector, type, own)])).toBe('dane');
    expect(judge([record(3, selector, type, issued())])).toBe('certificate-not-trusted');
  });

  it('looks neither at names nor at dates', () => {
    const old = issued(['elsewhere.example.test'], NOW - DAY_MS);
    expect(judge([record(3, 1, 1, old)], [old])).toBe('dane');
  });

  it('knows one of several records', () => {
    expect(judge([record(3, 1, 1, above), record(3, 1, 1, own)])).toBe('dane');
  });

  it('is not for an authority in the chain', () => {
    expect(judge([record(3, 1, 1, above)])).toBe('certificate-not-trusted');
  });
});

describe('DANE-TA', () => {
  it.each(KINDS)('2 %i %i knows the authority', (selector, type) => {
    expect(judge([record(2, selector, type, above)])).toBe('dane');
    expect(judge([record(2, selector, type, stranger)])).toBe('certificate-not-trusted');
  });

  it.each([0, 1])('2 %i 0 brings the authority where the host does not show it', (selector) => {
    expect(judge([record(2, selector, 0, above)], [own])).toBe('dane');
    expect(judge([record(2, selector, 0, stranger)], [own])).toBe('certificate-not-trusted');
    expect(judge([record(2, selector, 1, above)], [own])).toBe('certificate-not-trusted');
  });

  it('does not believe that an authority which merely stands in the chain has signed', () => {
    expect(judge([record(2, 1, 1, stranger)], [own, stranger])).toBe('certificate-not-trusted');
  });

  it('is not for the certificate of the host itself', () => {
    expect(judge([record(2, 1, 1, own)])).toBe('certificate-not-trusted');
  });

  it('looks at names and dates', () => {
    const elsewhere = issued(['elsewhere.example.test']);
    expect(judge([record(2, 1, 1, above)], [elsewhere, above])).toBe('certificate-host-mismatch');
    const old = issued(NAMES, NOW - DAY_MS);
    expect(judge([record(2, 1, 1, above)], [old, above])).toBe('certificate-expired');
    expect(judge([record(2, 1, 1, above)], chain, NOW + 2 * DAY_MS)).toBe('certificate-expired');
  });

  it('stands beside DANE-EE', () => {
    expect(judge([record(2, 1, 1, stranger), record(3, 0, 2, own)])).toBe('dane');
  });
});

it('nothing is right about a host that shows no certificate', () => {
  expect(judge([record(3, 1, 1, own)], [])).toBe('certificate-not-trusted');
  expect(judgeByAuthorities({ chain: [] }, NAMES, 'pki')).toMatchObject({ kind: 'wrong' });
});

describe('records that can be used', () => {
  const good = record(3, 1, 1, own);
  it.each<[string, TlsaRecord]>([
    ['usage 0', { ...good, usage: 0 }],
    ['usage 1', { ...good, usage: 1 }],
    ['an unknown usage', { ...good, usage: 4 }],
    ['an unknown selector', { ...good, selector: 2 }],
    ['an unknown matching type', { ...good, matchingType: 3 }],
    ['a digest that is too short', { ...good, certificate: new Uint8Array(31) }],
    ['a digest of another length', { ...good, matchingType: 2 }],
    ['nothing', { ...good, matchingType: 0, certificate: new Uint8Array() }],
  ])('are not those with %s', (_, bad) => {
    expect(usableRecords([bad])).toEqual([]);
    expect(usableRecords([bad, good])).toEqual([good]);
  });

  it('are of digests only the strongest of a usage and selector', () => {
    const strong = record(3, 1, 2, own);
    const elsewhere = record(3, 0, 1, own);
    expect(usableRecords([good, strong, elsewhere])).toEqual([strong, elsewhere]);
  });
});

describe('the authorities', () => {
  it.each([
    [undefined, NAMES, { kind: 'right', by: 'pki' }],
    [undefined, ['other.test'], { kind: 'wrong', fault: 'certificate-host-mismatch' }],
    ['CERT_HAS_EXPIRED', NAMES, { kind: 'wrong', fault: 'certificate-expired' }],
    ['SELF_SIGNED_CERT_IN_CHAIN', NAMES, { kind: 'wrong', fault: 'certificate-not-trusted' }],
  ])('who say %j of a host for %j', (distrust, names, verdict) => {
    const peer = { chain, ...(distrust !== undefined && { distrust }) };
    expect(judgeByAuthorities(peer, names, 'pki')).toMatchObject(verdict);
  });
});

describe('the names of a certificate', () => {
  const many = issued(['*.example.test', 'example.test', '192.0.2.1']);
  it.each([
    ['mx.example.test', true],
    ['MX.Example.TEST', true],
    ['example.test', true],
    ['a.mx.example.test', false],
    ['192.0.2.1', true],
    ['192.0.2.2', false],
    ['host', false], // only its subject says so
  ])('hold %s: %s', (name, holds) => {
    expect(isFor(many, [name])).toBe(holds);
  });

  it('may be any one below a domain, where that is asked for', () => {
    expect(isFor(own, ['*.example.test'])).toBe(true);
    expect(isFor(issued(['a.mx.example.test']), ['*.example.test'])).toBe(false);
    expect(isFor(own, ['*.other.test'])).toBe(false);
  });
});
