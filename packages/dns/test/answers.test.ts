import { describe, expect, test } from 'vitest';
import { domain } from '@posthouse/testkit';
import { startResolver, startServer } from './harness.ts';

const ZONE = {
  'example.test': {
    mx: [
      [20, 'mx2.example.test'],
      [10, 'MX1.Example.Test'],
    ],
    txt: ['v=spf1 -all', 'second'],
  },
  'mx1.example.test': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'], secure: true },
  '_25._tcp.mx1.example.test': {
    tlsa: [{ usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32, 7) }],
    secure: true,
  },
  '1.2.0.192.in-addr.arpa': { ptr: ['mx1.example.test', 'not a host'] },
  '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': {
    ptr: ['mx1.example.test'],
  },
  'null.test': { mx: [[0, '.']] },
  'odd.test': {
    mx: [
      [10, '192.0.2.1'],
      [20, 'mx1.example.test'],
    ],
  },
  'broken.test': { mx: [[10, '192.0.2.1']] },
  'alias.test': { cname: 'Deep.Alias.Test' },
  'deep.alias.test': { cname: 'mx1.example.test', secure: true },
  'dangling.test': { cname: 'nowhere.test' },
  'empty-alias.test': { cname: 'null.test' },
  'circle.test': { cname: 'elcric.test' },
  'elcric.test': { cname: 'circle.test' },
} as const;

async function resolverOfZone() {
  return (await startResolver([await startServer(ZONE)])).resolver;
}

describe('what there is', () => {
  test('MX, exchanges in lower case, in no order that is promised', async () => {
    const resolver = await resolverOfZone();
    const answer = await resolver.mx(domain('example.test'));
    expect(answer).toMatchObject({ kind: 'records', secure: false, name: 'example.test' });
    expect(answer.kind === 'records' && answer.records).toEqual(
      expect.arrayContaining([
        { preference: 10, exchange: 'mx1.example.test' },
        { preference: 20, exchange: 'mx2.example.test' },
      ]),
    );
  });

  test('addresses of both families', async () => {
    const resolver = await resolverOfZone();
    expect(await resolver.addresses(domain('mx1.example.test'), 4)).toEqual({
      kind: 'records',
      records: ['192.0.2.1', '192.0.2.2'],
      unusable: [],
      secure: true,
      name: 'mx1.example.test',
    });
    expect(await resolver.addresses(domain('mx1.example.test'), 6)).toMatchObject({
      records: ['2001:db8::1'],
    });
  });

  test('texts and TLS associations', async () => {
    const resolver = await resolverOfZone();
    expect(await resolver.txt('example.test')).toMatchObject({
      records: ['v=spf1 -all', 'second'],
    });
    expect(await resolver.tlsa('_25._tcp.mx1.example.test')).toMatchObject({
      secure: true,
      records: [
        { usage: 3, selector: 1, matchingType: 1, certificate: new Uint8Array(32).fill(7) },
      ],
    });
  });

  test('names of addresses, those that are names', async () => {
    const resolver = await resolverOfZone();
    for (const address of ['192.0.2.1', '::ffff:192.0.2.1']) {
      expect(await resolver.ptr(address)).toMatchObject({
        records: ['mx1.example.test'],
        unusable: ['not a host'],
      });
    }
    expect(await resolver.ptr('2001:db8::1')).toMatchObject({ records: ['mx1.example.test'] });
    await expect(resolver.ptr('mx1.example.test')).rejects.toThrow(TypeError);
  });

  test('the null MX is a record of its own', async () => {
    const resolver = await resolverOfZone();
    expect(await resolver.mx(domain('null.test'))).toMatchObject({
      records: [{ preference: 0, exchange: '.' }],
    });
  });

  test('an MX that names no host is unusable, and not absent', async () => {
    const resolver = await resolverOfZone();
    expect(await resolver.mx(domain('odd.test'))).toMatchObject({
      records: [{ preference: 20, exchange: 'mx1.example.test' }],
      unusable: ['10 192.0.2.1'],
    });
    expect(await resolver.mx(domain('broken.test'))).toMatchObject({
      kind: 'records',
      records: [],
      unusable: ['10 192.0.2.1'],
    });
  });
});

describe('what there is not', () => {
  test('a name without records of the type, and no such name', async () => {
    const resolver = await resolverOfZone();
    expect(await resolver.addresses(domain('example.test'), 4)).toEqual({
      kind: 'empty',
      secure: false,
      name: 'example.test',
    });
    expect(await resolver.mx(domain('nowhere.test'))).toMatchObject({ kind: 'no-such-domain' });
    // The name above a name that exists does exist (RFC 8020 §2).
    expect(await resolver.mx(domain('_tcp.mx1.example.test'))).toMatchObject({ kind: 'empty' });
  });

  test('a name that cannot be asked for does not exist', async () => {
    const resolver = await resolverOfZone();
    for (const name of [`${'a'.repeat(64)}.test`, `${'a.'.repeat(127)}test`, 'a..test', 'ü.test']) {
      expect(await resolver.txt(name)).toMatchObject({ kind: 'no-such-domain' });
    }
  });

  test('special names are not asked for', async () => {
    const server = await startServer(ZONE);
    const { resolver } = await startResolver([server]);
    expect(await resolver.addresses(domain('localhost'), 4)).toMatchObject({
      records: ['127.0.0.1'],
    });
    expect(await resolver.addresses(domain('x.localhost'), 6)).toMatchObject({ records: ['::1'] });
    expect(await resolver.mx(domain('localhost'))).toMatchObject({ kind: 'empty' });
    expect(await resolver.mx(domain('a.invalid'))).toMatchObject({ kind: 'no-such-domain' });
    expect(await resolver.mx(domain('a.onion'))).toMatchObject({ kind: 'no-such-domain' });
    expect(server.asked).toEqual([]);
  });
});

describe('aliases', () => {
  test('are followed, and the answer says where it stands', async () => {
    const resolver = await resolverOfZone();
    expect(await resolver.addresses(domain('alias.test'), 4)).toMatchObject({
      records: ['192.0.2.1', '192.0.2.2'],
      name: 'mx1.example.test',
      secure: false, // one step was not
    });
    expect(await resolver.addresses(domain('deep.alias.test'), 4)).toMatchObject({ secure: true });
  });

  test('to nothing, and to no such name', async () => {
    const resolver = await resolverOfZone();
    expect(await resolver.addresses(domain('empty-alias.test'), 4)).toMatchObject({
      kind: 'empty',
      name: 'null.test',
    });
    expect(await resolver.mx(domain('dangling.test'))).toMatchObject({
      kind: 'no-such-domain',
      name: 'nowhere.test',
    });
  });

  test('that the server does not follow are asked on', async () => {
    const server = await startServer(ZONE, { '*': 'alias-only' });
    const { resolver } = await startResolver([server]);
    expect(await resolver.addresses(domain('alias.test'), 4)).toMatchObject({
      records: ['192.0.2.1', '192.0.2.2'],
      name: 'mx1.example.test',
      secure: false,
    });
    expect(server.asked.map((question) => question.name)).toEqual([
      'alias.test',
      'deep.alias.test',
      'mx1.example.test',
    ]);
  });

  test('in a circle are an error, within one answer and over many', async () => {
    const server = await startServer(ZONE);
    const { resolver } = await startResolver([server]);
    const circle = { name: 'DnsError', kind: 'malformed' };
    await expect(resolver.mx(domain('circle.test'))).rejects.toMatchObject(circle);
    server.fail('*', 'alias-only');
    await expect(resolver.mx(domain('elcric.test'))).rejects.toMatchObject(circle);
  });
});

describe('the AD bit', () => {
  test.for([
    ['always', true],
    ['loopback', true],
    ['never', false],
  ] as const)('trusted %s', async ([trustAuthenticData, secure]) => {
    const { resolver } = await startResolver([await startServer(ZONE)], { trustAuthenticData });
    expect(await resolver.addresses(domain('mx1.example.test'), 4)).toMatchObject({ secure });
  });
});
