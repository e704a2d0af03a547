import { describe, expect, test } from 'vitest';
import { domain } from '@posthouse/testkit';
import type { Fault } from '@posthouse/dns/testing';
import { createResolver } from '@posthouse/dns';
import { silentLogger, systemClock } from '@posthouse/mail';
import { startResolver, startServer } from './harness.ts';

const EXAMPLE = domain('example.test');
const GOOD = { 'example.test': { a: ['192.0.2.1'] } } as const;
const WELL = { records: ['192.0.2.1'] };

describe('a server in trouble', () => {
  test.for(['server-failure', 'refused', 'referral', 'malformed'] satisfies Fault[])(
    '%s: the next one is asked, at once',
    async (fault) => {
      const [bad, good] = [await startServer({}, { '*': fault }), await startServer(GOOD)];
      const { resolver } = await startResolver([bad, good]);
      expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject(WELL);
      expect(bad.asked).toHaveLength(1);
    },
  );

  test('not there: the next one is asked, at once', async () => {
    const [gone, good] = [await startServer({}), await startServer(GOOD)];
    const { resolver } = await startResolver([gone, good]);
    await gone.stop();
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject(WELL);
  });

  test('out of reach: the next one is asked, at once', async () => {
    const good = await startServer(GOOD);
    // No socket may send to the broadcast address unasked.
    const servers = ['255.255.255.255', good.address];
    const { resolver } = await startResolver([], { servers });
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject(WELL);
  });

  test('silent: the next one is asked after the timeout, and first from then on', async () => {
    const [silent, good] = [await startServer(GOOD, { '*': 'silence' }), await startServer(GOOD)];
    const { resolver, clock, events } = await startResolver([silent, good]);
    const answer = resolver.addresses(EXAMPLE, 4);
    await silent.question(0);
    await clock.advance(2_000);
    expect(await answer).toMatchObject(WELL);
    expect(events).toMatchObject([{ event: 'dns-server-rests', server: silent.address }]);

    await resolver.mx(EXAMPLE);
    expect(silent.asked).toHaveLength(1);
    silent.fail('*');
    await clock.advance(30_000);
    await resolver.txt('example.test');
    expect(silent.asked).toHaveLength(2);
  });

  test('that rests and answers all the same is at work again', async () => {
    const silence = { '*': 'silence' } as const;
    const [first, second] = [await startServer(GOOD, silence), await startServer(GOOD, silence)];
    const { resolver, clock } = await startResolver([first, second], { attempts: 1 });
    const failed = expect(resolver.mx(EXAMPLE)).rejects.toMatchObject({ kind: 'timeout' });
    await first.question(0);
    await clock.advance(2_000);
    await second.question(0);
    await clock.advance(2_000);
    await failed; // both rest now
    second.fail('*');
    const answer = resolver.addresses(EXAMPLE, 4);
    await first.question(1);
    await clock.advance(2_000);
    expect(await answer).toMatchObject(WELL);
    await resolver.txt('example.test');
    expect(first.asked).toHaveLength(2);
  });

  test('SERVFAIL is about the name: the server is asked first again', async () => {
    const first = await startServer(GOOD, { 'bogus.test': 'server-failure' });
    const { resolver } = await startResolver([first, await startServer(GOOD)]);
    expect(await resolver.mx(domain('bogus.test'))).toMatchObject({ kind: 'no-such-domain' });
    await resolver.addresses(EXAMPLE, 4);
    expect(first.asked).toHaveLength(2);
  });
});

describe('all servers in trouble', () => {
  test('SERVFAIL by all is thrown, and is asked once of each', async () => {
    const servers = [
      await startServer({}, { '*': 'server-failure' }),
      await startServer({}, { '*': 'server-failure' }),
    ];
    const { resolver } = await startResolver(servers);
    const failure = resolver.mx(EXAMPLE);
    await expect(failure).rejects.toMatchObject({ name: 'DnsError', kind: 'server-failure' });
    await expect(failure).rejects.toThrow(/MX of example\.test: 127\.0\.0\.1:\d+: SERVFAIL/);
    expect(servers.map((server) => server.asked.length)).toEqual([1, 1]);
  });

  test('silence is asked again with twice the patience, then thrown', async () => {
    const server = await startServer({}, { '*': 'silence' });
    const { resolver, clock } = await startResolver([server]);
    const answer = expect(resolver.mx(EXAMPLE)).rejects.toMatchObject({ kind: 'timeout' });
    await server.question(0);
    await clock.advance(2_000);
    await server.question(1);
    await clock.advance(3_999);
    expect(clock.pending).toBeGreaterThan(0);
    await clock.advance(1);
    await answer;
    expect(clock.pending).toBe(0);
  });

  test('what one said counts for more than the silence of another', async () => {
    const silent = await startServer({}, { '*': 'silence' });
    const failing = await startServer({}, { '*': 'server-failure' });
    const { resolver, clock } = await startResolver([silent, failing], { attempts: 1 });
    const answer = expect(resolver.mx(EXAMPLE)).rejects.toMatchObject({ kind: 'server-failure' });
    await silent.question(0);
    await clock.advance(2_000);
    await answer;
  });

  test('the deadline ends a lookup, however many servers are left', async () => {
    const server = await startServer({}, { '*': 'silence' });
    const { resolver, clock } = await startResolver([server], {
      timeoutMs: 60_000,
      deadlineMs: 5_000,
    });
    const answer = expect(resolver.mx(EXAMPLE)).rejects.toMatchObject({ kind: 'timeout' });
    await server.question(0);
    await clock.advance(5_000);
    await answer;
  });
});

test('addresses of servers are checked when the resolver is made', () => {
  const deps = { clock: systemClock, logger: silentLogger };
  for (const server of ['127.0.0.1', '127.0.0.1:5300', '::1', '[::1]', '[::1]:5300']) {
    expect(() => createResolver({ servers: [server] }, deps)).not.toThrow();
  }
  for (const server of ['dns.test', '127.0.0.1:0', '127.0.0.1:70000', '[127.0.0.1]:53', '']) {
    expect(() => createResolver({ servers: [server] }, deps)).toThrow(RangeError);
  }
  expect(() => createResolver({ servers: [] }, deps)).toThrow(RangeError);
  expect(() => createResolver({ timeoutMs: 0 }, deps)).toThrow('timeoutMs');
  expect(() => createResolver({ maxTtlMs: Number.NaN }, deps)).toThrow('maxTtlMs');
});

test('without servers given, the system has some', async () => {
  const resolver = createResolver({}, { clock: systemClock, logger: silentLogger });
  await resolver.start();
  await resolver.stop();
});
