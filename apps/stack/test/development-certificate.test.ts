import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { createDisk } from '@posthouse/durable-fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureDevelopmentCertificate } from '../src/certificate/development-certificate.ts';

const NAMES = ['localhost', '127.0.0.1', '::1', 'posthouse.test'];
const DAY_MS = 86_400_000;
const NOW = Date.now();
const disk = createDisk();
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'posthouse-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const ensure = (now = NOW, names = NAMES) =>
  ensureDevelopmentCertificate({ directory, names, now }, disk);

it('is kept while it is good, so that clients go on trusting the same authority', async () => {
  const first = await ensure();
  expect(await ensure(NOW + 30 * DAY_MS)).toEqual(first);
});

it('is renewed by the same authority before it ends', async () => {
  const first = await ensure();
  const authority = readFileSync(first.authorityFile, 'utf8');
  const second = await ensure(first.renewAt + 1);
  expect(second.certificate).not.toBe(first.certificate);
  expect(readFileSync(second.authorityFile, 'utf8')).toBe(authority);
  expect(new X509Certificate(second.certificate).validToDate.getTime()).toBeGreaterThan(
    first.renewAt + 80 * DAY_MS,
  );
});

it.each(['ca.pem', 'ca.key', 'server.pem', 'server.key'])(
  'is made anew where %s is damaged',
  async (name) => {
    await ensure();
    writeFileSync(join(directory, name), '-----BEGIN NOTHING-----');
    const anew = await ensure();
    expect(new X509Certificate(anew.certificate).checkHost('localhost')).toBe('localhost');
    expect(await ensure()).toEqual(anew);
  },
);

it.each(['server.pem', 'server.key'])(
  'keeps the authority that clients trust where only %s is lost',
  async (name) => {
    const { authorityFile } = await ensure();
    const authority = readFileSync(authorityFile, 'utf8');
    rmSync(join(directory, name));
    await ensure();
    expect(readFileSync(authorityFile, 'utf8')).toBe(authority);
  },
);

it('follows a change of names', async () => {
  await ensure();
  const { certificate } = await ensure(NOW, [...NAMES, 'mail.example.test']);
  expect(new X509Certificate(certificate).checkHost('mail.example.test')).toBeDefined();
});

it('keeps private keys from other users', async () => {
  await ensure();
  for (const name of ['ca.key', 'server.key']) {
    expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
  }
});

it('serves TLS to a client that trusts the authority', async () => {
  const { certificate, key, authorityFile } = await ensure();
  const server = createServer({ cert: certificate, key }, (socket) => socket.end('hello'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(authorityFile) });
  const received = await new Promise<string>((resolve, reject) => {
    socket.on('data', (octets: Buffer) => resolve(octets.toString()));
    socket.on('error', reject);
  });
  expect(received).toBe('hello');
  expect(socket.authorized).toBe(true);
  socket.destroy();
  server.close();
});
