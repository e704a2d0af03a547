import { createSocket } from 'node:dgram';
import { describe, expect, onTestFinished, test } from 'vitest';
import { domain } from '@posthouse/testkit';
import type { Fault } from '@posthouse/dns/testing';
import { startResolver, startServer } from './harness.ts';

const LONG_TEXT = 'x'.repeat(5_000);
const ZONE = {
  'example.test': { a: ['192.0.2.1'] },
  'long.test': { txt: [LONG_TEXT] },
} as const;
const EXAMPLE = domain('example.test');

test('EDNS with DO, over UDP, with an id and a source port of its own for each question', async () => {
  const server = await startServer(ZONE);
  const { resolver } = await startResolver([server]);
  for (let i = 0; i < 30; i++) await resolver.addresses(domain(`name-${i}.test`), 4);
  expect(new Set(server.asked.map(({ id }) => id)).size).toBeGreaterThan(25);
  expect(new Set(server.asked.map(({ port }) => port)).size).toBeGreaterThan(5);
  expect(server.asked[0]).toMatchObject({ transport: 'udp', edns: true, dnssecOk: true });
});

test('what does not fit into UDP comes over TCP', async () => {
  const server = await startServer(ZONE);
  const { resolver } = await startResolver([server]);
  expect(await resolver.txt('long.test')).toMatchObject({ records: [LONG_TEXT] });
  expect(server.asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
});

test('an answer that is cut short over TCP, too, is malformed', async () => {
  const { resolver } = await startResolver([await startServer(ZONE, { '*': 'truncated-always' })]);
  await expect(resolver.addresses(EXAMPLE, 4)).rejects.toMatchObject({ kind: 'malformed' });
});

test('a server without EDNS is asked in plain DNS', async () => {
  const server = await startServer(ZONE, { '*': 'no-edns' });
  const { resolver } = await startResolver([server]);
  expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject({ records: ['192.0.2.1'] });
  expect(server.asked.map(({ edns }) => edns)).toEqual([true, false]);
});

describe('what is no answer to our question is passed over', () => {
  test.for(['forged-id', 'forged-question'] satisfies Fault[])('%s', async (fault) => {
    const { resolver } = await startResolver([await startServer(ZONE, { '*': fault })]);
    expect(await resolver.addresses(EXAMPLE, 4)).toMatchObject({ records: ['192.0.2.1'] });
  });

  test('and so there is none, if nothing else comes', async () => {
    const server = await startServer(ZONE, { '*': 'hold' });
    const { resolver, clock } = await startResolver([server], { attempts: 1 });
    const answer = expect(resolver.addresses(EXAMPLE, 4)).rejects.toMatchObject({
      kind: 'timeout',
    });
    await server.question(0);
    await clock.advance(2_000);
    server.release(); // too late, and to a port that is closed
    await answer;
  });

  test('octets from a port that was not asked', async () => {
    const server = await startServer(ZONE, { '*': 'hold' });
    const { resolver } = await startResolver([server]);
    const answer = resolver.addresses(EXAMPLE, 4);
    const { id, port } = await server.question(0);
    const stranger = createSocket('udp4');
    onTestFinished(() => void stranger.close());
    const forged = Buffer.alloc(12); // SERVFAIL under the right id
    forged.writeUInt16BE(id, 0);
    forged.writeUInt16BE(0x8182, 2);
    await new Promise((resolve) => stranger.send(forged, port, '127.0.0.1', resolve));
    server.release();
    expect(await answer).toMatchObject({ records: ['192.0.2.1'] });
  });
});

test('octets that are no DNS are malformed', async () => {
  const { resolver } = await startResolver([await startServer(ZONE, { '*': 'malformed' })]);
  await expect(resolver.addresses(EXAMPLE, 4)).rejects.toMatchObject({ kind: 'malformed' });
});
