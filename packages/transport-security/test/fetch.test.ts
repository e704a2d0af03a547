/** Policies over real HTTPS on loopback, with an authority and a DNS of our own. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createResolver } from '@posthouse/dns';
import { createDnsServer } from '@posthouse/dns/testing';
import { createNetworks, silentLogger, systemClock } from '@posthouse/mail';
import { createManualClock } from '@posthouse/testkit';
import type { Clock } from '@posthouse/mail';
import { createAuthority, createPolicyFetch, createServerCertificate } from '../src/index.ts';
import type { PolicyFetch } from '../src/index.ts';

const DAY_MS = 24 * 3_600_000;
const AUTHORITY = { ...authorityOf('Authority'), commonName: 'Authority' };
const STRANGER = { ...authorityOf('Authority'), commonName: 'Authority' };

function authorityOf(commonName: string): ReturnType<typeof createAuthority> {
  const now = Date.now();
  return createAuthority({
    commonName,
    names: ['example.test', 'elsewhere.test'],
    notBefore: now - 3 * DAY_MS,
    notAfter: now + DAY_MS,
  });
}

interface Setting {
  readonly names?: readonly string[];
  readonly notAfter?: number;
  readonly authority?: typeof AUTHORITY;
  readonly answer?: RequestListener;
  readonly forbidden?: readonly string[];
  readonly clock?: Clock;
}

const TEXT = 'version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n';

const plain: RequestListener = (request, response) => {
  const right = request.url === '/.well-known/mta-sts.txt';
  response.writeHead(right ? 200 : 404, { 'content-type': 'text/plain' }).end(TEXT);
};

async function begin(setting: Setting = {}): Promise<PolicyFetch> {
  const server = await startHost(setting);
  const dns = createDnsServer({ 'mta-sts.example.test': { a: ['127.0.0.1'] } });
  await dns.start();
  onTestFinished(() => dns.stop());
  const resolver = createResolver(
    { servers: [dns.address] },
    { clock: systemClock, logger: silentLogger },
  );
  await resolver.start();
  onTestFinished(() => resolver.stop());
  const address = server.address() as AddressInfo; // a TCP server that listens
  return createPolicyFetch(
    {
      port: address.port,
      authorities: [AUTHORITY.certificate],
      forbidden: createNetworks(setting.forbidden ?? []),
    },
    { resolver, clock: setting.clock ?? systemClock },
  );
}

async function startHost(setting: Setting): Promise<Server> {
  const { authority = AUTHORITY, names = ['mta-sts.example.test'] } = setting;
  const notAfter = setting.notAfter ?? Date.now() + DAY_MS;
  const request = { commonName: 'host', names, notBefore: Date.now() - 2 * DAY_MS, notAfter };
  const { certificate, key } = createServerCertificate(request, authority);
  const server = createServer({ cert: certificate, key }, setting.answer ?? plain);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return server;
}

it('fetches the text', async () => {
  expect(await (await begin())('example.test')).toBe(TEXT);
});

it.each<[string, string, Setting]>([
  ['of another name', 'sts-webpki-invalid', { names: ['elsewhere.test'] }],
  ['that has expired', 'sts-webpki-invalid', { notAfter: Date.now() - DAY_MS }],
  ['of an authority that is not believed', 'sts-webpki-invalid', { authority: STRANGER }],
])('believes no host with a certificate %s', async (_, fault, setting) => {
  const fetch = await begin(setting);
  await expect(fetch('example.test')).rejects.toMatchObject({ name: 'StsFetchError', fault });
});

it.each<[string, string, RequestListener]>([
  [
    'a redirect',
    'sts-policy-fetch-error',
    (_, response) => response.writeHead(302, { location: 'https://mta-sts.example.test/' }).end(),
  ],
  ['nothing there', 'sts-policy-fetch-error', (_, response) => response.writeHead(404).end()],
  [
    'HTML',
    'sts-policy-invalid',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(TEXT),
  ],
  [
    'more than a policy may be',
    'sts-policy-invalid',
    (_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(70_000)),
  ],
  ['an end in the middle', 'sts-policy-fetch-error', (request) => request.socket.destroy()],
])('takes %s for no policy', async (_, fault, answer) => {
  const fetch = await begin({ answer });
  await expect(fetch('example.test')).rejects.toMatchObject({ fault });
});

it('calls no host in a network that strangers must not send us to', async () => {
  const fetch = await begin({ forbidden: ['127.0.0.0/8'] });
  await expect(fetch('example.test')).rejects.toThrow('may not be called');
});

it('knows no host without an address', async () => {
  const fetch = await begin();
  await expect(fetch('elsewhere.test')).rejects.toThrow('has no address');
});

it('waits for a minute and no longer', async () => {
  const clock = createManualClock();
  const asked = Promise.withResolvers<void>();
  const fetch = await begin({ clock, answer: () => asked.resolve() });
  const fetched = expect(fetch('example.test')).rejects.toThrow('too long');
  await asked.promise;
  await clock.advance(60_000);
  await fetched;
});

it('ends at once when it is told to', async () => {
  const stopping = new AbortController();
  const fetch = await begin({ answer: () => stopping.abort(new Error('stopping')) });
  await expect(fetch('example.test', stopping.signal)).rejects.toThrow('stopping');
});
