import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer, MxRecord } from '@posthouse/dns';
import { domain } from '@posthouse/testkit';
import { chooseMx } from '../src/mx.ts';

const facts = { domain: domain('example.test'), ourNames: new Set(['us.test']), random: () => 0 };

function records(...pairs: readonly (readonly [number, string])[]): Answer<MxRecord> {
  return {
    kind: 'records',
    secure: false,
    name: 'example.test',
    unusable: [],
    records: pairs.map(([preference, exchange]) => ({
      preference,
      exchange: exchange === '.' ? '.' : domain(exchange),
    })),
  };
}
const hostsOf = (...pairs: readonly (readonly [number, string])[]) => {
  const choice = chooseMx(records(...pairs), facts);
  return choice.kind === 'hosts' ? choice.hosts.map(({ name }) => name) : choice.kind;
};

describe('chooseMx', () => {
  it('goes by preference', () => {
    expect(hostsOf([20, 'b.test'], [10, 'a.test'], [30, 'c.test'])).toEqual([
      'a.test',
      'b.test',
      'c.test',
    ]);
  });

  it('takes the domain itself where there is no MX (RFC 5321 §5.1)', () => {
    const empty = { kind: 'empty', secure: false, name: 'example.test' } as const;
    expect(chooseMx(empty, facts)).toMatchObject({ hosts: [{ name: 'example.test' }] });
  });

  it('knows a domain that takes no mail, and one that is not', () => {
    expect(hostsOf([0, '.'])).toBe('null-mx');
    const gone = { kind: 'no-such-domain', secure: false, name: 'example.test' } as const;
    expect(chooseMx(gone, facts).kind).toBe('no-such-domain');
  });

  it('never sends to itself, nor to a host that is no better', () => {
    expect(hostsOf([10, 'a.test'], [20, 'us.test'], [20, 'b.test'], [30, 'c.test'])).toEqual([
      'a.test',
    ]);
    expect(hostsOf([10, 'us.test'], [20, 'b.test'])).toBe('ourselves');
  });

  it('ignores a null exchange that does not stand alone (RFC 7505 §3)', () => {
    expect(hostsOf([0, '.'], [10, 'a.test'])).toEqual(['a.test']);
  });

  it('gives hosts of one preference every order, and names each host once', () => {
    const orders = new Set<string>();
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true })), (numbers) => {
        const left = [...numbers];
        const random = (): number => left.shift() ?? 0.5;
        const choice = chooseMx(
          records([5, 'a.test'], [5, 'b.test'], [5, 'a.test'], [9, 'c.test']),
          { ...facts, random },
        );
        if (choice.kind !== 'hosts') throw new Error(choice.kind);
        const names = choice.hosts.map(({ name }) => name);
        expect(names.toSorted()).toEqual(['a.test', 'b.test', 'c.test']);
        expect(names.at(-1)).toBe('c.test');
        orders.add(names.join());
      }),
    );
    expect(orders).toEqual(new Set(['a.test,b.test,c.test', 'b.test,a.test,c.test']));
  });
});
