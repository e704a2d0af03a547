import { assert, ipV4, ipV6, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { queryName, reverseName, specialName } from '../src/names.ts';

describe('names that can be asked for', () => {
  test.for([
    ['example.test', 'example.test'],
    ['EXAMPLE.Test.', 'example.test'],
    ['_25._tcp.mx.test', '_25._tcp.mx.test'],
    [`${'a'.repeat(63)}.test`, `${'a'.repeat(63)}.test`],
    [`${'a'.repeat(64)}.test`, undefined],
    ['', undefined],
    ['.', undefined],
    ['.test', undefined],
    ['a..test', undefined],
    ['a b.test', undefined],
    ['ü.test', undefined],
    [`${'abcdefg.'.repeat(31)}tests`, `${'abcdefg.'.repeat(31)}tests`], // 253 octets
    [`${'abcdefg.'.repeat(31)}tests1`, undefined],
  ])('%s', ([text, name]) => {
    expect(queryName(text ?? '')).toBe(name);
  });

  test('are stable', () => {
    assert(
      property(string(), (text) => {
        const name = queryName(text);
        if (name !== undefined) expect(queryName(name)).toBe(name);
      }),
    );
  });
});

describe('reverse names', () => {
  test.for([
    ['192.0.2.1', '1.2.0.192.in-addr.arpa'],
    ['::ffff:192.0.2.1', '1.2.0.192.in-addr.arpa'],
    ['::1', `1.${'0.'.repeat(31)}ip6.arpa`],
    ['fe80::1%eth0', `1.${'0.'.repeat(28)}8.e.f.ip6.arpa`],
    ['64:ff9b::192.0.2.1', `1.0.2.0.0.0.0.c.${'0.'.repeat(16)}b.9.f.f.4.6.0.0.ip6.arpa`],
  ])('%s', ([address, name]) => {
    expect(reverseName(address ?? '')).toBe(name);
  });

  test('of any address are names of the right length', () => {
    assert(property(ipV4(), (address) => queryName(reverseName(address)) !== undefined));
    assert(
      property(ipV6(), (address) => {
        expect(reverseName(address)).toMatch(/^(?:[0-9a-f]\.){32}ip6\.arpa$|in-addr\.arpa$/);
      }),
    );
  });

  test('of anything else are refused', () => {
    expect(() => reverseName('example.test')).toThrow(TypeError);
  });
});

test('special names', () => {
  expect(specialName('localhost')).toBe('localhost');
  expect(specialName('a.localhost')).toBe('localhost');
  expect(specialName('notlocalhost')).toBeUndefined();
  expect(specialName('x.invalid')).toBe('no-such-domain');
  expect(specialName('invalid.test')).toBeUndefined();
});
