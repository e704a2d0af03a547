import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatMailbox,
  parseDomain,
  qualifyAddresses,
  readAddresses,
  readLocalAddresses,
} from '@posthouse/mail';

const domain = parseDomain('here.test');
if (domain === undefined) throw new Error('no domain');
const read = (value: string) => readAddresses(value)?.map(formatMailbox);

describe('readAddresses', () => {
  it.each([
    ['alice@example.test', ['alice@example.test']],
    ['<alice@example.test>', ['alice@example.test']],
    ['Alice <alice@example.test>', ['alice@example.test']],
    ['"Alice, A. <x@y.test>" <alice@example.test>', ['alice@example.test']],
    ['alice@example.test (Alice (of (Example)))', ['alice@example.test']],
    ['(c) Alice\t(d) <alice@example.test> (e)', ['alice@example.test']],
    ['=?utf-8?Q?Al=C3=ADce?= <alice@example.test>', ['alice@example.test']],
    ['Alíce <alice@exämple.test>', ['alice@xn--exmple-cua.test']],
    ['a@example.test, B <b@example.test>', ['a@example.test', 'b@example.test']],
    ['Friends: a@example.test, b@example.test;', ['a@example.test', 'b@example.test']],
    ['"a b"@example.test', ['"a b"@example.test']],
    ['alice@[192.0.2.1]', ['alice@[192.0.2.1]']],
    ['Undisclosed:;', []],
    ['A: a@example.test;, B: b@example.test;', ['a@example.test', 'b@example.test']],
    ['', []],
  ])('reads %j', (value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    'alice',
    'alice@',
    'alice@example.test mallory@example.test',
    'mallory@example.test <alice@example.test>',
    '<alice@example.test> <mallory@example.test>',
    '<alice@example.test> mallory',
    'Alice <alice@example.test',
    '"Alice <alice@example.test>',
    '(Alice <alice@example.test>',
    'alice@example.test)',
    '<@relay.test:alice@example.test>',
    'mallory@example.test: alice@example.test;',
    '<mallory@example.test>: alice@example.test',
    '@mallory.test: alice@example.test',
    'A: B: alice@example.test;',
    'A: B: alice@example.test;;',
    'A: alice@example.test',
    ': alice@example.test;',
    'a@b@example.test',
    'Alice \\<alice@example.test>',
    `${'('.repeat(50)}x${')'.repeat(50)} alice@example.test`,
  ])('does not claim to understand %j', (value) => {
    expect(readAddresses(value)).toBeUndefined();
  });

  it('answers for any text, and in time', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('<>@,:;()"\\ ab.[]é')) }),
        (value) => {
          readAddresses(value);
        },
      ),
    );
    expect(readAddresses('('.repeat(1_000_000))).toBeUndefined();
    expect(readAddresses('a,'.repeat(300_000))).toBeUndefined();
  });
});

describe('addresses of one host', () => {
  it.each([
    ['root', 'root@here.test', ['root@here.test']],
    ['root (Cron Daemon)', 'root@here.test (Cron Daemon)', ['root@here.test']],
    ['"(Cron Daemon)" <root>', '"(Cron Daemon)" <root@here.test>', ['root@here.test']],
    [
      'root,\r\n\tB <b@example.test>, "a b"',
      'root@here.test,\r\n\tB <b@example.test>, "a b"@here.test',
      ['root@here.test', 'b@example.test', '"a b"@here.test'],
    ],
    [
      'Crew: root, bob;',
      'Crew: root@here.test, bob@here.test;',
      ['root@here.test', 'bob@here.test'],
    ],
    ['Undisclosed:;', 'Undisclosed:;', []],
  ])('completes %j', (value, whole, addresses) => {
    expect(qualifyAddresses(value, domain)).toBe(whole);
    expect(readLocalAddresses(value, domain)?.map(formatMailbox)).toEqual(addresses);
  });

  it.each(['two words', 'root <', 'a@b@c', '@x'])('leaves %j as it is', (value) => {
    expect(qualifyAddresses(value, domain)).toBe(value);
    expect(readLocalAddresses(value, domain)).toBeUndefined();
  });

  it('completing leaves nothing to complete, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('<>@,:;()"\\ ab.[]é')) }),
        (value) => {
          const whole = qualifyAddresses(value, domain);
          expect(qualifyAddresses(whole, domain)).toBe(whole);
          if (whole !== value)
            expect(readAddresses(whole)).toEqual(readLocalAddresses(value, domain));
        },
      ),
    );
  });
});
