import type { Answer } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import { isReferral, readStep } from '../src/chain.ts';
import type { Response } from '../src/packet.ts';

const QUESTION = { name: 'example.test', type: 'A' } as const;

function response(
  answers: readonly Answer[],
  authorities: readonly Answer[] = [],
  facts: Partial<Response> = {},
): Response {
  return {
    rcode: 0,
    authoritative: false,
    authentic: false,
    answers: answers.map((record) => ({ class: 'IN', ...record })),
    authorities: authorities.map((record) => ({ class: 'IN', ...record })),
    sizeBytes: 100,
    ...facts,
  };
}

const a = (name: string, ttl = 60): Answer => ({ type: 'A', name, ttl, data: '192.0.2.1' });
const cname = (name: string, data: string, ttl = 60): Answer => ({
  type: 'CNAME',
  name,
  ttl,
  data,
});
const soa = (ttl: number, minimum: number): Answer => ({
  type: 'SOA',
  name: 'test',
  ttl,
  data: { mname: 'a.test', rname: 'b.test', minimum },
});
const ns: Answer = { type: 'NS', name: 'test', ttl: 60, data: 'ns.test' };

describe('how long an answer may be remembered', () => {
  test.for<[string, Response, object]>([
    [
      'the shortest TTL of its records',
      response([a('example.test', 60), a('example.test', 30)]),
      { kind: 'records', ttlMs: 30_000 },
    ],
    [
      'the shortest TTL of the aliases',
      response([cname('example.test', 'B.test', 5), a('b.TEST')]),
      { kind: 'records', name: 'b.test', ttlMs: 5_000 },
    ],
    [
      'a TTL with its top bit set is 0',
      response([a('example.test', 0x8000_0000)]),
      { kind: 'records', ttlMs: 0 },
    ],
    ['no data: the minimum', response([], [soa(60, 20)]), { kind: 'empty', ttlMs: 20_000 }],
    ['no data: the TTL', response([], [soa(20, 60)]), { kind: 'empty', ttlMs: 20_000 }],
    ['no data: not without an SOA', response([]), { kind: 'empty', ttlMs: 0 }],
    [
      'no such name: not without an SOA',
      response([], [], { rcode: 3 }),
      { kind: 'no-such-domain', ttlMs: 0 },
    ],
    [
      'an alias to no such name: the shorter of both',
      response([cname('example.test', 'b.test', 5)], [soa(60, 60)], { rcode: 3 }),
      { kind: 'no-such-domain', name: 'b.test', ttlMs: 5_000 },
    ],
  ])('%s', ([, answer, step]) => {
    expect(readStep(QUESTION, answer)).toMatchObject(step);
  });
});

describe('what belongs to the answer', () => {
  test.for<[string, Response, object]>([
    ['records of other names do not', response([a('other.test')]), { kind: 'empty' }],
    [
      'records of other types do not',
      response([{ type: 'PTR', name: 'example.test', ttl: 60, data: 'x.test' }]),
      { kind: 'empty' },
    ],
    [
      'records of other classes do not',
      response([{ type: 'A', name: 'example.test', class: 'CH', data: '192.0.2.1' }]),
      { kind: 'empty' },
    ],
    [
      'an alias without its target is asked on',
      response([cname('example.test', 'b.test')]),
      { kind: 'alias', name: 'b.test' },
    ],
    [
      'an alias to itself is a circle',
      response([cname('example.test', 'example.test')]),
      { kind: 'circle' },
    ],
  ])('%s', ([, answer, step]) => {
    expect(readStep(QUESTION, answer)).toMatchObject(step);
  });
});

test('a referral is known by what it lacks', () => {
  expect(isReferral(response([], [ns]))).toBe(true);
  expect(isReferral(response([], [ns], { authoritative: true }))).toBe(false);
  expect(isReferral(response([], [ns, soa(60, 60)]))).toBe(false);
  expect(isReferral(response([a('example.test')], [ns]))).toBe(false);
  expect(isReferral(response([], [ns], { rcode: 3 }))).toBe(false);
  expect(isReferral(response([]))).toBe(false);
});
