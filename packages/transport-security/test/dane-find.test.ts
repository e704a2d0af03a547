import { expect, it, onTestFinished } from 'vitest';
import { createResolver } from '@posthouse/dns';
import { createDnsServer } from '@posthouse/dns/testing';
import type { Fault, Zone } from '@posthouse/dns/testing';
import { silentLogger, systemClock } from '@posthouse/mail';
import { domain } from '@posthouse/testkit';
import { findTlsa } from '../src/dane/find.ts';
import type { DaneFinding } from '../src/dane/finding.ts';

const TLSA = { usage: 3, selector: 1, matchingType: 1, certificate: new Uint8Array(32) };
const HOST = { a: ['192.0.2.1'], secure: true };
const RECORDS = { tlsa: [TLSA], secure: true };

async function find(
  zone: Zone,
  faults: Readonly<Record<string, Fault>> = {},
  hostIsSigned = true,
): Promise<{ readonly finding: DaneFinding; readonly asked: readonly string[] }> {
  const server = createDnsServer(zone, faults);
  await server.start();
  onTestFinished(() => server.stop());
  const resolver = createResolver(
    { servers: [server.address], timeoutMs: 50, attempts: 1 },
    { clock: systemClock, logger: silentLogger },
  );
  await resolver.start();
  onTestFinished(() => resolver.stop());
  const subject = {
    host: domain('mx.test'),
    port: 25,
    domain: domain('example.test'),
    hostIsSigned,
  };
  const finding = await findTlsa(subject, resolver);
  return { finding, asked: server.asked.map(({ name, type }) => `${name} ${type}`) };
}

it('finds records under signature, and whom the certificate may be for', async () => {
  const { finding } = await find({ 'mx.test': HOST, '_25._tcp.mx.test': RECORDS });
  expect(finding).toMatchObject({ kind: 'records', names: ['mx.test', 'example.test'] });
});

it.each<[string, Zone]>([
  ['there are none', { 'mx.test': HOST }],
  ['they are not signed', { 'mx.test': HOST, '_25._tcp.mx.test': { tlsa: [TLSA] } }],
])('finds nothing where %s', async (_, zone) => {
  expect((await find(zone)).finding.kind).toBe('none');
});

it('asks no server about TLSA whose addresses are not signed', async () => {
  const { asked, finding } = await find({
    'mx.test': { a: ['192.0.2.1'] },
    '_25._tcp.mx.test': RECORDS,
  });
  expect(finding.kind).toBe('none');
  expect(asked.filter((question) => question.includes('_25'))).toEqual([]);
});

it('asks nobody where the way to the host is not signed', async () => {
  const { asked, finding } = await find(
    { 'mx.test': HOST, '_25._tcp.mx.test': RECORDS },
    {},
    false,
  );
  expect(finding.kind).toBe('none');
  expect(asked).toEqual([]);
});

it('tells records that cannot be used from none', async () => {
  const tlsa = [{ ...TLSA, usage: 1 }];
  const { finding } = await find({ 'mx.test': HOST, '_25._tcp.mx.test': { tlsa, secure: true } });
  expect(finding.kind).toBe('unusable');
});

it.each<Fault>(['server-failure', 'silence', 'refused', 'malformed'])(
  'takes %s for trouble and never for none',
  async (fault) => {
    const zone = { 'mx.test': HOST, '_25._tcp.mx.test': RECORDS };
    expect((await find(zone, { '_25._tcp.mx.test': fault })).finding.kind).toBe('trouble');
  },
);

it.each<[string, Zone, readonly string[]]>([
  [
    'where it leads',
    {
      'mx.test': { cname: 'real.test', secure: true },
      'real.test': HOST,
      '_25._tcp.real.test': RECORDS,
    },
    ['real.test', 'mx.test', 'example.test'],
  ],
  [
    'at its own name, where it leads to none',
    {
      'mx.test': { cname: 'real.test', secure: true },
      'real.test': HOST,
      '_25._tcp.mx.test': RECORDS,
    },
    ['mx.test', 'example.test'],
  ],
  [
    'at its own name, where it leads out of what is signed',
    {
      'mx.test': { cname: 'real.test', secure: true },
      'real.test': { a: ['192.0.2.1'] },
      '_25._tcp.mx.test': RECORDS,
      '_25._tcp.real.test': RECORDS,
    },
    ['mx.test', 'example.test'],
  ],
])('looks for the records of an alias %s', async (_, zone, names) => {
  expect((await find(zone)).finding).toMatchObject({ kind: 'records', names });
});

it('follows no alias that is not signed itself', async () => {
  const zone = {
    'mx.test': { cname: 'real.test' },
    'real.test': HOST,
    '_25._tcp.mx.test': RECORDS,
  };
  expect((await find(zone)).finding.kind).toBe('none');
});

it('follows the alias of a record', async () => {
  const zone: Zone = {
    'mx.test': HOST,
    '_25._tcp.mx.test': { cname: 'tlsa.test', secure: true },
    'tlsa.test': RECORDS,
  };
  expect((await find(zone)).finding.kind).toBe('records');
});
