/** A reply is whole when its last line is there, and its code is read where it lies. */
import { expect, test } from 'vitest';
import { codeOf, isWhole } from '../src/load/reply.ts';

test.each([
  ['250 ok\r\n', true],
  ['250\r\n', true],
  ['250-first\r\n250 last\r\n', true],
  ['250-first\r\n', false],
  ['250-first\r\n250-second\r\n', false],
  ['250 ok\r', false],
  ['25', false],
  ['', false],
])('%j is a whole reply: %s', (text, expected) => {
  const octets = Buffer.concat([Buffer.from(text), Buffer.from(' left by another reply\r\n')]);
  expect(isWhole(octets, text.length)).toBe(expected);
});

test('what does not begin with three digits has no code that is expected', () => {
  expect(codeOf(Buffer.from('354 go on\r\n'))).toBe(354);
  expect([220, 221, 235, 250, 354]).not.toContain(codeOf(Buffer.from('nonsense\r\n')));
  expect(codeOf(new Uint8Array())).toBeLessThan(0);
});
