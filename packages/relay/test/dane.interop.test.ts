/**
 * DANE behind a validating unbound: zones signed by ldns, certificates and chains by openssl,
 * mail hosts with real TLS on loopback; and what somebody can reach who changes the answers.
 *
 * Needs the Debian packages unbound, ldnsutils and openssl.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { offering, startWorld, TAKES, WITH_TLS } from './tls-world.ts';
import type { Keyed } from './tls-world.ts';

const TAKES_OVER_TLS = `${WITH_TLS}\n${offering()}${TAKES}`;
const LEFT_AFTER_EHLO = `${WITH_TLS}\n${offering()}`;

let directory: string;
/** A host's certificate below an authority below a root. */
let chain: { readonly own: Keyed; readonly authority: string; readonly root: string };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'posthouse-dane-'));
  chain = makeChain();
});

afterAll(() => rmSync(directory, { recursive: true }));

interface Case {
  readonly records: (port: number) => string;
  readonly dialogues?: readonly string[];
  /** Changes the zone after it was signed. */
  readonly tamper?: (zone: string) => string;
  /** Whether the resolver knows the key of the zone. @default true */
  readonly anchored?: boolean;
}

async function outcomeOf({ anchored = true, dialogues = [], records, tamper }: Case) {
  const certificate = `${chain.own.certificate}${chain.authority}`;
  const world = await startWorld({
    dialogues,
    certificate: { certificate, key: chain.own.key },
    resolverAt: (port) => startUnbound(records(port), { anchored, tamper }),
  });
  const outcome = await world.send();
  await world.stop();
  return outcome;
}

const HOSTS = `
@ NS ns
ns A 127.0.0.1
@ MX 10 mx
mx A 127.0.0.1
`;

function tlsa(
  port: number,
  [usage, selector]: readonly [number, number],
  of: string,
  host = 'mx',
): string {
  const certificate = new X509Certificate(of);
  const data =
    selector === 0
      ? certificate.raw
      : certificate.publicKey.export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(data).digest('hex');
  return `_${port}._tcp.${host} TLSA ${usage} ${selector} 1 ${digest}\n`;
}

describe('a zone that is signed', () => {
  test.each([
    ['its own key', 3, 1, () => chain.own.certificate],
    ['its own certificate', 3, 0, () => chain.own.certificate],
    ['the key of the authority above it', 2, 1, () => chain.authority],
    ['the certificate of the authority above it', 2, 0, () => chain.authority],
  ])('verifies a host by %s', async (_, usage, selector, of) => {
    const records = (port: number) => `${HOSTS}${tlsa(port, [usage, selector], of())}`;
    expect(await outcomeOf({ records, dialogues: [TAKES_OVER_TLS] })).toMatchObject({
      kind: 'relayed',
      tls: { verified: true, verifiedBy: 'dane' },
    });
  });

  test('verifies no host by a root that it does not show', async () => {
    const records = (port: number) => `${HOSTS}${tlsa(port, [2, 1], chain.root)}`;
    expect(await outcomeOf({ records, dialogues: [LEFT_AFTER_EHLO] })).toMatchObject({
      kind: 'delayed',
      scope: 'host',
      status: { class: 4, subject: 7, detail: 5 },
    });
  });

  test('verifies the host that an alias leads to', async () => {
    const records = (port: number) =>
      `${HOSTS.replace('mx A 127.0.0.1', 'mx CNAME real\nreal A 127.0.0.1')}${tlsa(port, [3, 1], chain.own.certificate, 'real')}`;
    expect(await outcomeOf({ records, dialogues: [TAKES_OVER_TLS] })).toMatchObject({
      tls: { verifiedBy: 'dane' },
    });
  });

  test('says under signature that there are no records', async () => {
    expect(await outcomeOf({ records: () => HOSTS, dialogues: [TAKES_OVER_TLS] })).toMatchObject({
      kind: 'relayed',
      tls: { verified: false },
    });
  });
});

describe('somebody who changes the answers', () => {
  const records = (port: number) => `${HOSTS}${tlsa(port, [3, 1], chain.own.certificate)}`;
  const waits = { kind: 'delayed', scope: 'host', status: { class: 4, subject: 4, detail: 3 } };

  test('cannot put his own record in', async () => {
    const tamper = (zone: string) => zone.replace(/(TLSA\s+3 1 1 )[0-9a-f]{8}/, '$1deadbeef');
    expect(await outcomeOf({ records, tamper })).toMatchObject(waits);
  });

  test('cannot say that there is none', async () => {
    const tamper = (zone: string) => zone.replace(/^.*(?:\tTLSA\t|RRSIG\tTLSA).*\n/gm, '');
    expect(await outcomeOf({ records, tamper })).toMatchObject(waits);
  });

  test('cannot name another mail host', async () => {
    const tamper = (zone: string) => zone.replace(/(MX\s+10 )mx\./, '$1ns.');
    expect(await outcomeOf({ records, tamper })).toMatchObject(waits);
  });

  test('cannot let the host be another address', async () => {
    const tamper = (zone: string) =>
      zone.replace(/^(mx\.example\.test\.\s.*A\s+)127\.0\.0\.1$/m, '$1127.0.0.2');
    expect(await outcomeOf({ records, tamper })).toMatchObject({ kind: 'delayed' });
  });
});

test('a zone that nobody vouches for has no records that count', async () => {
  const records = (port: number) => `${HOSTS}${tlsa(port, [3, 1], chain.root)}`;
  const setting = { records, anchored: false, dialogues: [TAKES_OVER_TLS] };
  expect(await outcomeOf(setting)).toMatchObject({ kind: 'relayed', tls: { verified: false } });
});

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' }).trim();
}

function makeChain(): typeof chain {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const file = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const sign = (name: string, by: string, extensions: string): void => {
    run(
      'openssl',
      'req',
      ...key,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    writeFileSync(join(directory, `${name}.ext`), extensions);
    const issuer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
    run('openssl', 'x509', '-req', ...files, ...issuer, '-days', '2');
  };
  run(
    'openssl',
    'req',
    '-x509',
    ...key,
    '-keyout',
    'root.key',
    '-out',
    'root.pem',
    '-subj',
    '/CN=root',
  );
  sign('authority', 'root', 'basicConstraints=critical,CA:true\nkeyUsage=keyCertSign\n');
  sign('own', 'authority', 'subjectAltName=DNS:mx.example.test,DNS:real.example.test\n');
  return {
    own: { certificate: file('own.pem'), key: file('own.key') },
    authority: file('authority.pem'),
    root: file('root.pem'),
  };
}

/** A validating resolver with example.test behind it; its address. */
async function startUnbound(
  records: string,
  { anchored, tamper }: { readonly anchored: boolean; readonly tamper: Case['tamper'] | undefined },
): Promise<string> {
  const place = mkdtempSync(join(directory, 'unbound-'));
  const zoneFile = join(place, 'example.test');
  const soa = '@ SOA ns hostmaster 1 3600 600 86400 30';
  writeFileSync(zoneFile, `$ORIGIN example.test.\n$TTL 60\n${soa}\n${records}`);
  const key = run('ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', 'example.test');
  run('ldns-signzone', '-n', '-f', zoneFile, zoneFile, key);
  const signed = readFileSync(zoneFile, 'utf8');
  const changed = tamper?.(signed) ?? signed;
  expect(changed !== signed).toBe(tamper !== undefined);
  writeFileSync(zoneFile, changed);
  writeFileSync(
    join(place, 'anchors'),
    anchored ? `${readFileSync(join(directory, `${key}.ds`), 'utf8')}\n` : '',
  );
  const port = await freePort();
  writeFileSync(join(place, 'unbound.conf'), configuration(place, zoneFile, port));
  const unbound = spawn('unbound', ['-d', '-c', join(place, 'unbound.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(unbound, 'exit');
  onTestFinished(async () => {
    unbound.kill();
    await exited;
  });
  const seen: string[] = [];
  for await (const line of createInterface({ input: unbound.stderr })) {
    seen.push(line);
    if (!line.includes('start of service')) continue;
    unbound.stderr.resume();
    return `127.0.0.1:${port}`;
  }
  throw new Error(`unbound did not start: ${seen.join('\n')}`);
}

function configuration(place: string, zoneFile: string, port: number): string {
  return `server:
  interface: 127.0.0.1@${port}
  do-daemonize: no
  use-syslog: no
  verbosity: 1
  username: ""
  chroot: ""
  directory: "${place}"
  pidfile: ""
  trust-anchor-file: "${join(place, 'anchors')}"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
auth-zone:
  name: "example.test"
  zonefile: "${zoneFile}"
  for-upstream: yes
  for-downstream: no
  fallback-enabled: no
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
