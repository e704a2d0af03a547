import { encode } from 'dns-packet';
import type { OptAnswer, Packet } from 'dns-packet';
import { expect, test } from 'vitest';
import { createQuery, readResponse } from '../src/packet.ts';

const QUESTION = { name: 'example.test', type: 'MX' } as const;
const QUERY = createQuery(QUESTION, 7, true);
const OPT: OptAnswer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1_232,
  extendedRcode: 1,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

function read(packet: Packet) {
  return readResponse(encode({ type: 'response', id: 7, questions: [QUESTION], ...packet }), QUERY);
}

test('the response to the question asked, in any case', () => {
  expect(read({}).kind).toBe('response');
  expect(read({ questions: [{ type: 'MX', name: 'EXAMPLE.test' }] }).kind).toBe('response');
});

test.for<[string, Packet]>([
  ['another id', { id: 8 }],
  ['a query', { type: 'query' }],
  ['another operation', { flags: 1 << 11 }],
  ['another name', { questions: [{ type: 'MX', name: 'example2.test' }] }],
  ['another type', { questions: [{ type: 'A', name: 'example.test' }] }],
  ['another class', { questions: [{ ...QUESTION, class: 'CH' }] }],
])('%s is not ours', ([, packet]) => {
  expect(read(packet)).toEqual({ kind: 'foreign' });
});

test('a response without a question is ours only with an error', () => {
  expect(read({ questions: [] })).toMatchObject({ kind: 'malformed' });
  expect(read({ questions: [], flags: 3 })).toMatchObject({ kind: 'malformed' });
  expect(read({ questions: [], flags: 1 })).toMatchObject({ response: { rcode: 1 } });
});

test('the upper bits of the rcode come with EDNS', () => {
  expect(read({ additionals: [OPT] })).toMatchObject({ response: { rcode: 16 } });
  expect(read({ additionals: [OPT], flags: 3 })).toMatchObject({ response: { rcode: 19 } });
});

test('a response that was cut is not read any further', () => {
  expect(read({ flags: 1 << 9 })).toEqual({ kind: 'truncated' });
});
