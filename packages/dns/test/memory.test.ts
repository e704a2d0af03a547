import { describe, expect, test } from 'vitest';
import { domain } from '@posthouse/testkit';
import { startResolver, startServer } from './harness.ts';

const EXAMPLE = domain('example.test');
const ZONE = { 'example.test': { a: ['192.0.2.1'], ttl: 60 } } as const;
const NEWER = { 'example.test': { a: ['192.0.2.2'], ttl: 60 } } as const;
const DAY_MS = 24 * 3_600_000;

describe('records', () => {
  test('are asked for once within their TTL, by any case of the name', async () => {
    const server = await startServer(ZONE);
    const { resolver, clock } = await startResolver([server]);
    await resolver.addresses(EXAMPLE, 4);
    await clock.advance(59_999);
    await resolver.addresses(EXAMPLE, 4);
    await resolver.txt('example.test');
    await resolver.txt('EXAMPLE.test.');
    expect(server.asked.map(({ type }) => type)).toEqual(['A', 'TXT']);
    server.serve(NEWER);
    await clock.advance(1);
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject({ records: ['192.0.2.2'] });
  });

  test('with TTL 0 are asked for each time', async () => {
    const server = await startServer({ 'example.test': { a: ['192.0.2.1'], ttl: 0 } });
    const { resolver } = await startResolver([server]);
    await resolver.addresses(EXAMPLE, 4);
    await resolver.addresses(EXAMPLE, 4);
    expect(server.asked).toHaveLength(2);
  });

  test('are believed no longer than the option says', async () => {
    const server = await startServer({ 'example.test': { a: ['192.0.2.1'], ttl: 0x7fffffff } });
    const { resolver, clock } = await startResolver([server]);
    await resolver.addresses(EXAMPLE, 4);
    await clock.advance(DAY_MS);
    await resolver.addresses(EXAMPLE, 4);
    expect(server.asked).toHaveLength(2);
  });

  test('an alias that changes sooner than its target counts', async () => {
    const server = await startServer({
      'alias.test': { cname: 'example.test', ttl: 5 },
      'example.test': { a: ['192.0.2.1'], ttl: 600 },
    });
    const { resolver, clock } = await startResolver([server]);
    await resolver.addresses(domain('alias.test'), 4);
    await clock.advance(5_000);
    await resolver.addresses(domain('alias.test'), 4);
    expect(server.asked).toHaveLength(2);
  });

  test('one caller cannot change what the next one gets', async () => {
    const { resolver } = await startResolver([await startServer(ZONE)]);
    const first = await resolver.addresses(EXAMPLE, 4);
    const second = await resolver.addresses(EXAMPLE, 4);
    expect(first.kind === 'records' && first.records).not.toBe(
      second.kind === 'records' && second.records,
    );
  });
});

test('what there is not is remembered for as long as the SOA says, up to a limit', async () => {
  const server = await startServer({
    'example.test': { ttl: 20 },
    'long.test': { ttl: 1_000_000 },
  });
  const { resolver, clock } = await startResolver([server]);
  for (const [name, lastsMs] of [
    ['example.test', 20_000],
    ['long.test', 3_600_000],
  ] as const) {
    await resolver.mx(domain(name));
    await clock.advance(lastsMs - 1);
    await resolver.mx(domain(name));
    await clock.advance(1);
    await resolver.mx(domain(name));
    expect(server.asked.splice(0)).toHaveLength(2);
  }
});

describe('a failed lookup', () => {
  test('is not tried again at once', async () => {
    const server = await startServer(ZONE, { '*': 'server-failure' });
    const { resolver, clock } = await startResolver([server]);
    const failure = { name: 'DnsError', kind: 'server-failure' };
    await expect(resolver.addresses(EXAMPLE, 4)).rejects.toMatchObject(failure);
    await expect(resolver.addresses(EXAMPLE, 4)).rejects.toMatchObject(failure);
    expect(server.asked).toHaveLength(1);
    server.fail('*');
    await clock.advance(5_000);
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject({ kind: 'records' });
  });
});

describe('a stale answer', () => {
  test('serves while the servers fail, keeps its security, and ends', async () => {
    const server = await startServer({
      'example.test': { a: ['192.0.2.1'], ttl: 60, secure: true },
    });
    const { resolver, clock, events } = await startResolver([server]);
    const answer = { records: ['192.0.2.1'], secure: true };
    await resolver.addresses(EXAMPLE, 4);
    server.fail('*', 'server-failure');
    await clock.advance(60_000);
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject(answer);
    expect(events).toMatchObject([{ event: 'dns-stale-answer', name: 'example.test' }]);
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject(answer);
    expect(server.asked).toHaveLength(2); // the second stale one without asking
    await clock.advance(DAY_MS - 1);
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject(answer);
    await clock.advance(5_000);
    await expect(resolver.addresses(EXAMPLE, 4)).rejects.toMatchObject({ kind: 'server-failure' });
  });

  test('serves when the servers take long, and the late answer is learnt', async () => {
    const server = await startServer(ZONE);
    const { resolver, clock } = await startResolver([server]);
    await resolver.addresses(EXAMPLE, 4);
    server.serve(NEWER);
    server.fail('*', 'hold');
    await clock.advance(60_000);
    const answer = resolver.addresses(EXAMPLE, 4);
    await server.question(1);
    await clock.advance(1_800);
    expect(await answer).toMatchObject({ records: ['192.0.2.1'] });
    const meanwhile = resolver.addresses(EXAMPLE, 4);
    server.release();
    expect(await meanwhile).toMatchObject({ records: ['192.0.2.2'] });
  });

  test('never says that there is no such name', async () => {
    const server = await startServer({});
    const { resolver, clock } = await startResolver([server]);
    expect(await resolver.mx(EXAMPLE)).toMatchObject({ kind: 'no-such-domain' });
    server.fail('*', 'server-failure');
    await clock.advance(300_000);
    await expect(resolver.mx(EXAMPLE)).rejects.toMatchObject({ kind: 'server-failure' });
  });

  test('can be done without', async () => {
    const server = await startServer(ZONE);
    const { resolver, clock } = await startResolver([server], { maxStaleMs: 0 });
    await resolver.addresses(EXAMPLE, 4);
    server.fail('*', 'server-failure');
    await clock.advance(60_000);
    await expect(resolver.addresses(EXAMPLE, 4)).rejects.toMatchObject({ kind: 'server-failure' });
  });
});

describe('bounds', () => {
  test('what was not used for longest is forgotten first', async () => {
    const server = await startServer({});
    const { resolver } = await startResolver([server], { maxEntries: 2 });
    for (const name of ['a.test', 'b.test', 'a.test', 'c.test', 'a.test', 'b.test']) {
      await resolver.mx(domain(name));
    }
    expect(server.asked.map(({ name }) => name)).toEqual(['a.test', 'b.test', 'c.test', 'b.test']);
  });

  test('octets count as well', async () => {
    const server = await startServer({
      'a.test': { txt: ['x'.repeat(3_000)] },
      'b.test': { txt: ['x'.repeat(3_000)] },
    });
    const { resolver } = await startResolver([server], { maxCacheBytes: 4_000 });
    for (const name of ['a.test', 'b.test', 'b.test', 'a.test']) await resolver.txt(name);
    const overUdp = server.asked.filter(({ transport }) => transport === 'udp');
    expect(overUdp.map(({ name }) => name)).toEqual(['a.test', 'b.test', 'a.test']);
  });

  test('lookups beyond maxConcurrent wait their turn', async () => {
    const server = await startServer({}, { '*': 'hold' });
    const { resolver } = await startResolver([server], { maxConcurrent: 2 });
    const names = ['a.test', 'b.test', 'c.test', 'd.test'];
    const answers = Promise.all(names.map((name) => resolver.mx(domain(name))));
    await server.question(1);
    expect(server.asked).toHaveLength(2);
    server.release();
    expect(await answers).toMatchObject(names.map((name) => ({ kind: 'no-such-domain', name })));
  });
});

describe('callers', () => {
  test('with the same question share one lookup', async () => {
    const server = await startServer(ZONE, { '*': 'hold' });
    const { resolver } = await startResolver([server]);
    const answers = Promise.all(Array.from({ length: 50 }, () => resolver.addresses(EXAMPLE, 4)));
    await server.question(0);
    server.release();
    expect(new Set((await answers).map(({ kind }) => kind))).toEqual(new Set(['records']));
    expect(server.asked).toHaveLength(1);
  });

  test('that give up do not take the answer from the others', async () => {
    const server = await startServer(ZONE, { '*': 'hold' });
    const { resolver } = await startResolver([server]);
    const impatient = new AbortController();
    const given = resolver.addresses(EXAMPLE, 4, impatient.signal);
    const waited = resolver.addresses(EXAMPLE, 4);
    await server.question(0);
    impatient.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    server.release();
    expect(await waited).toMatchObject({ kind: 'records' });
    await expect(resolver.addresses(EXAMPLE, 4, impatient.signal)).rejects.toThrow('enough');
  });

  test('are told when the resolver stops before anything was sent', async () => {
    const { resolver } = await startResolver([await startServer(ZONE)]);
    const answer = expect(resolver.mx(EXAMPLE)).rejects.toMatchObject({ kind: 'stopped' });
    await resolver.stop();
    await answer;
  });

  test('are told when the resolver stops, under way or in line', async () => {
    const server = await startServer(ZONE, { '*': 'silence' });
    const { resolver, clock } = await startResolver([server], { maxConcurrent: 1 });
    const waiting = [resolver.addresses(EXAMPLE, 4), resolver.mx(EXAMPLE)].map((answer) =>
      expect(answer).rejects.toMatchObject({ name: 'DnsError', kind: 'stopped' }),
    );
    await server.question(0);
    await resolver.stop();
    await resolver.stop();
    await Promise.all(waiting);
    expect(clock.pending).toBe(0);
    await expect(resolver.mx(EXAMPLE)).rejects.toMatchObject({ kind: 'stopped' });
    server.fail('*');
    await resolver.start();
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject({ kind: 'records' });
  });
});
