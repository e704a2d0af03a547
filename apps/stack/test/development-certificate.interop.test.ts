/**
 * The development certificate under OpenSSL's eyes: strict verification for each of its
 * names, and what a thief of the authority's key could not do.
 */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDisk } from '@posthouse/durable-fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createServerCertificate } from '@posthouse/transport-security';
import { ensureDevelopmentCertificate } from '../src/certificate/development-certificate.ts';

const NAMES = ['localhost', '127.0.0.1', '::1', 'posthouse.test'];
const DAY_MS = 86_400_000;
const NOW = Date.now();
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'posthouse-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const ensure = () =>
  ensureDevelopmentCertificate({ directory, names: NAMES, now: NOW }, createDisk());

it('is verified strictly by OpenSSL for each of its names, and for no other', async () => {
  await ensure();
  const verify = (...name: readonly string[]): string =>
    execFileSync(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-CAfile',
        'ca.pem',
        ...name,
        'server.pem',
      ],
      { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
  for (const name of ['-verify_hostname localhost', '-verify_ip 127.0.0.1', '-verify_ip ::1']) {
    expect(verify(...name.split(' '))).toContain('OK');
  }
  expect(() => verify('-verify_hostname', 'elsewhere.test')).toThrow();
});

it('lets an authority certify nothing beyond its names', async () => {
  const constrained = await ensure();
  // A second stack's names, signed by the first one's authority: what a thief of ca.key would do.
  const stolen = createServerCertificate(
    {
      commonName: 'bank.example',
      names: ['bank.example'],
      notBefore: NOW - DAY_MS,
      notAfter: NOW + DAY_MS,
    },
    {
      commonName: new X509Certificate(readFileSync(constrained.authorityFile)).subject.slice(3),
      certificate: readFileSync(constrained.authorityFile, 'utf8'),
      key: readFileSync(join(directory, 'ca.key'), 'utf8'),
    },
  );
  writeFileSync(join(directory, 'stolen.pem'), stolen.certificate);
  expect(() =>
    execFileSync('openssl', ['verify', '-CAfile', 'ca.pem', 'stolen.pem'], {
      cwd: directory,
      stdio: 'pipe',
    }),
  ).toThrow(/permitted subtree violation/);
});
