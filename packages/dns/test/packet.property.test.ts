import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encode } from 'dns-packet';
import {
  assert,
  asyncProperty,
  constantFrom,
  property,
  uint8Array,
  integer,
  array,
  tuple,
} from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { domain } from '@posthouse/testkit';
import { silentLogger, systemClock } from '@posthouse/mail';
import { createResolver, DnsError } from '@posthouse/dns';
import { readStep } from '../src/chain.ts';
import { createQuery, readResponse } from '../src/packet.ts';
import { A, AAAA, MX, PTR, TLSA, TXT } from '../src/readers.ts';

const QUESTION = { name: 'example.test', type: 'MX' } as const;
const QUERY = createQuery(QUESTION, 0x1234, true);
const READERS = [A, AAAA, MX, PTR, TLSA, TXT];

const RESPONSE = encode({
  type: 'response',
  id: 0x1234,
  questions: [QUESTION],
  answers: [
    { type: 'CNAME', name: 'example.test', ttl: 60, data: 'other.test' },
    { type: 'MX', name: 'other.test', ttl: 60, data: { preference: 1, exchange: 'mx.test' } },
    { type: 'A', name: 'mx.test', ttl: 60, data: '192.0.2.1' },
    { type: 'AAAA', name: 'mx.test', ttl: 60, data: '2001:db8::1' },
    { type: 'TXT', name: 'other.test', ttl: 60, data: ['a', 'b'] },
    {
      type: 'TLSA',
      name: 'mx.test',
      ttl: 60,
      data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32) },
    },
  ],
  authorities: [{ type: 'SOA', name: 'test', data: { mname: 'a.test', rname: 'b.test' } }],
});

/** Reads a packet to the very end, whatever it is. */
function readAll(packet: Buffer): void {
  const reading = readResponse(packet, QUERY);
  if (reading.kind !== 'response') return;
  readStep(QUESTION, reading.response);
  for (const record of [...reading.response.answers, ...reading.response.authorities]) {
    for (const reader of READERS) {
      reader.read(record);
      reader.show(record);
    }
  }
}

/** Octets behind a header that is ours, so that they are looked at. */
const behindOurHeader = uint8Array({ maxLength: 600 }).map((octets) =>
  Buffer.concat([RESPONSE.subarray(0, 12 + 18), octets]),
);

/** A good response with octets changed, and perhaps cut. */
const damaged = tuple(
  array(tuple(integer({ min: 2, max: RESPONSE.length - 1 }), integer({ min: 0, max: 255 })), {
    maxLength: 12,
  }),
  integer({ min: 0, max: RESPONSE.length }),
  constantFrom(true, false),
).map(([changes, length, cut]) => {
  const packet = Buffer.from(RESPONSE);
  for (const [at, octet] of changes) packet[at] = octet;
  return cut ? packet.subarray(0, length) : packet;
});

test('the good response is read', () => {
  expect(readResponse(RESPONSE, QUERY).kind).toBe('response');
});

test.each([
  ['random octets', uint8Array({ maxLength: 600 }).map((octets) => Buffer.from(octets))],
  ['random octets behind our header', behindOurHeader],
  ['a damaged response', damaged],
])('%s: reading never throws', (_, packets) => {
  assert(property(packets, readAll), { numRuns: 3_000 });
});

test('names that point at names that point at names are given up before they are followed', () => {
  const packet = Buffer.alloc(65_535);
  RESPONSE.copy(packet, 0, 0, 30);
  packet.writeUInt16BE(5_000, 6);
  for (let at = 30; at + 2 < packet.length; at += 2) {
    packet.writeUInt16BE(0xc000 | Math.min(at - 2, 0x3fff), at);
  }
  expect(readResponse(packet, QUERY)).toEqual({ kind: 'malformed', reason: '5001 records' });
  packet.writeUInt16BE(1_000, 6);
  expect(readResponse(packet, QUERY).kind).not.toBe('foreign');
});

test('whatever a server sends, a lookup ends with an answer or with DnsError', async () => {
  const server = createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  let next: Buffer = Buffer.alloc(0);
  server.on('message', (query, from) => {
    if (next.length >= 2) query.copy(next, 0, 0, 2);
    server.send(next, from.port, '127.0.0.1');
  });
  const options = {
    servers: [`127.0.0.1:${server.address().port}`],
    attempts: 1,
    timeoutMs: 5,
    maxEntries: 1,
    maxTtlMs: 0,
    maxNegativeTtlMs: 0,
    failureTtlMs: 0,
    maxStaleMs: 0,
  };
  const resolver = createResolver(options, { clock: systemClock, logger: silentLogger });
  await resolver.start();
  onTestFinished(() => resolver.stop());
  await assert(
    asyncProperty(damaged, async (packet) => {
      next = Buffer.from(packet);
      const answer = await resolver.mx(domain('example.test')).catch((thrown: unknown) => thrown);
      expect(answer instanceof DnsError || (typeof answer === 'object' && answer !== null)).toBe(
        true,
      );
      if (answer instanceof Error) expect(answer).toBeInstanceOf(DnsError);
    }),
    { numRuns: 300 },
  );
});
