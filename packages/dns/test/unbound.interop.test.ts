/**
 * The resolver in front of a validating unbound, with zones signed here.
 *
 * Needs the Debian packages unbound and ldnsutils.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '@posthouse/mail';
import type { Startable } from '@posthouse/mail';
import { domain } from '@posthouse/testkit';
import { createResolver } from '@posthouse/dns';
import type { Resolver } from '@posthouse/dns';

const DIGEST = createHash('sha256').update('certificate').digest();
const LONG_TEXT = 'x'.repeat(4_000);
const RECORDS = `
@ NS ns
ns A 127.0.0.1
@ MX 10 mx1
@ MX 20 alias
mx1 A 192.0.2.1
mx1 AAAA 2001:db8::1
_25._tcp.mx1 TLSA 3 1 1 ${DIGEST.toString('hex')}
alias CNAME mx1
away CNAME mx1.plain.test.
null MX 0 .
long TXT ${(LONG_TEXT.match(/.{250}/g) ?? []).map((part) => `"${part}"`).join(' ')}
`;

let directory: string;
let stop: () => Promise<void>;
let resolver: Resolver & Startable;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'posthouse-dns-'));
  writeZone('plain.test');
  const anchor = sign('signed.test');
  sign('bogus.test');
  const wrongAnchor = anchor.replace('signed.test.', 'bogus.test.');
  writeFileSync(join(directory, 'anchors'), `${anchor}${wrongAnchor}`);
  const port = await freePort();
  writeFileSync(join(directory, 'unbound.conf'), configuration(port));
  stop = await startUnbound();
  resolver = createResolver(
    { servers: [`127.0.0.1:${port}`] },
    { clock: systemClock, logger: silentLogger },
  );
  await resolver.start();
});

afterAll(async () => {
  await resolver.stop();
  await stop();
  rmSync(directory, { recursive: true });
});

describe('a signed zone', () => {
  test('records are secure', async () => {
    expect(await resolver.mx(domain('signed.test'))).toMatchObject({
      kind: 'records',
      secure: true,
    });
    expect(await resolver.addresses(domain('mx1.signed.test'), 4)).toMatchObject({
      records: ['192.0.2.1'],
      secure: true,
    });
    expect(await resolver.addresses(domain('mx1.signed.test'), 6)).toMatchObject({
      records: ['2001:db8::1'],
      secure: true,
    });
    expect(await resolver.tlsa('_25._tcp.mx1.signed.test')).toMatchObject({
      secure: true,
      records: [{ usage: 3, selector: 1, matchingType: 1, certificate: Uint8Array.from(DIGEST) }],
    });
    expect(await resolver.mx(domain('null.signed.test'))).toMatchObject({
      secure: true,
      records: [{ preference: 0, exchange: '.' }],
    });
  });

  test('so is what does not exist', async () => {
    expect(await resolver.mx(domain('nowhere.signed.test'))).toMatchObject({
      kind: 'no-such-domain',
      secure: true,
    });
    expect(await resolver.tlsa('_25._tcp.alias.signed.test')).toMatchObject({
      kind: 'no-such-domain',
      secure: true,
    });
    expect(await resolver.mx(domain('mx1.signed.test'))).toMatchObject({
      kind: 'empty',
      secure: true,
    });
  });

  test('an alias is as secure as where it leads', async () => {
    expect(await resolver.addresses(domain('alias.signed.test'), 4)).toMatchObject({
      name: 'mx1.signed.test',
      secure: true,
    });
    expect(await resolver.addresses(domain('away.signed.test'), 4)).toMatchObject({
      name: 'mx1.plain.test',
      records: ['192.0.2.1'],
      secure: false,
    });
  });

  test('a long answer with its signature comes over TCP', async () => {
    expect(await resolver.txt('long.signed.test')).toMatchObject({
      records: [LONG_TEXT],
      secure: true,
    });
  });
});

test('an unsigned zone answers, and is not secure', async () => {
  expect(await resolver.mx(domain('plain.test'))).toMatchObject({ kind: 'records', secure: false });
  expect(await resolver.mx(domain('nowhere.plain.test'))).toMatchObject({
    kind: 'no-such-domain',
    secure: false,
  });
});

test('a zone whose signature is wrong is trouble, not an answer', async () => {
  await expect(resolver.mx(domain('bogus.test'))).rejects.toMatchObject({
    name: 'DnsError',
    kind: 'server-failure',
  });
});

function writeZone(name: string): string {
  const soa = '@ SOA ns hostmaster 1 3600 600 86400 30';
  writeFileSync(join(directory, name), `$ORIGIN ${name}.\n$TTL 60\n${soa}\n${RECORDS}`);
  return name;
}

/** Signs a zone in its place and returns its DS record. */
function sign(name: string): string {
  writeZone(name);
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(command, args, { cwd: directory, encoding: 'utf8' }).trim();
  const key = run('ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', name);
  run('ldns-signzone', '-n', '-f', name, name, key);
  return run('cat', `${key}.ds`).concat('\n');
}

function configuration(port: number): string {
  const zones = ['plain.test', 'signed.test', 'bogus.test'].map(
    (name) => `auth-zone:
  name: "${name}"
  zonefile: "${join(directory, name)}"
  for-upstream: yes
  for-downstream: no
  fallback-enabled: no
`,
  );
  return `server:
  interface: 127.0.0.1@${port}
  do-daemonize: no
  use-syslog: no
  log-time-ascii: no
  verbosity: 1
  username: ""
  chroot: ""
  directory: "${directory}"
  pidfile: ""
  trust-anchor-file: "${join(directory, 'anchors')}"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
${zones.join('')}`;
}

async function startUnbound(): Promise<() => Promise<void>> {
  const unbound = spawn('unbound', ['-d', '-c', join(directory, 'unbound.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(unbound, 'exit');
  const seen: string[] = [];
  for await (const line of createInterface({ input: unbound.stderr })) {
    seen.push(line);
    if (line.includes('start of service')) {
      unbound.stderr.resume();
      return async () => {
        unbound.kill();
        await exited;
      };
    }
  }
  throw new Error(`unbound did not start: ${seen.join('\n')}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
