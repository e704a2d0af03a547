import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeXtext, encodeXtext } from '@posthouse/mail';

it('encodes what a command line cannot carry, and reads it back', () => {
  expect(encodeXtext('a+b=c d')).toBe('a+2Bb+3Dc+20d');
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ascii = text.replace(/[^\u0020-\u007e]/g, '');
      expect(decodeXtext(encodeXtext(ascii))).toBe(ascii);
    }),
  );
});

it.each(['+', '+4', '+4g', 'a b', 'a=b', '+0d+'])('refuses %j', (text) => {
  expect(decodeXtext(text)).toBeUndefined();
});
