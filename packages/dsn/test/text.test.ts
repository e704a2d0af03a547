import { array, assert, property, record, string, stringMatching } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeWords } from '../src/encoded-words.ts';
import { formatBlocks, parseBlocks } from '../src/status-fields.ts';
import { decodeUtf8Address, encodeUtf8Address } from '../src/utf8-address.ts';

describe('encoded words', () => {
  test.for([
    ['plain', 'plain'],
    ['=?utf-8?Q?Gr=C3=BC=C3=9Fe?=', 'Grüße'],
    ['=?UTF-8?b?R3LDvMOfZQ==?=', 'Grüße'],
    ['=?iso-8859-1?Q?Gr=FC=DFe_an_alle?= und mehr', 'Grüße an alle und mehr'],
    ['=?utf-8?Q?a?= =?utf-8?Q?b?=  =?utf-8?Q?c?= d', 'abc d'],
    ['=?utf-8*de?Q?a?=', 'a'],
    ['=?utf-8?Q?Gr=C3?= =?UTF-8?B?vMOfZQ==?=', 'Grüße'], // a character cut in two
    ['=?utf-8?Q?=E2=98?=\t=?utf-8?Q?=83?= =?iso-8859-1?Q?=FC?=', '☃ü'],
    ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
    ['=?no-such-charset?Q?a?=', '=?no-such-charset?Q?a?='],
    ['=?utf-8?Q?broken', '=?utf-8?Q?broken'],
    ['=?utf-8?X?a?=', '=?utf-8?X?a?='],
  ])('%s', ([value, text]) => {
    expect(decodeWords(value ?? '')).toBe(text);
  });

  test('never throw', () => {
    assert(property(string({ unit: 'binary' }), (text) => decodeWords(text) !== undefined));
    assert(
      property(
        stringMatching(/^(=\?(utf-8|x|koi8-r)\?[QBqb]\?[a-zA-Z0-9=_+/]*\?= ?)*$/),
        (text) => {
          expect(typeof decodeWords(text)).toBe('string');
        },
      ),
    );
  });
});

describe('international addresses in ASCII', () => {
  test('are what RFC 6533 shows', () => {
    expect(encodeUtf8Address('jürgen+x=y@example.test')).toBe(
      'j\\x{FC}rgen\\x{2B}x\\x{3D}y@example.test',
    );
    expect(decodeUtf8Address('a\\x{110000}\\x{D800}\\x{}b')).toBe('a\\x{110000}\\x{D800}\\x{}b');
  });

  test('come back as they were', () => {
    assert(
      property(string({ unit: 'grapheme' }), (address) => {
        const encoded = encodeUtf8Address(address);
        expect(encoded).toMatch(/^[\u0021-\u007e]*$/);
        expect(decodeUtf8Address(encoded)).toBe(address);
      }),
    );
  });
});

describe('status fields', () => {
  const name = stringMatching(/^[A-Z][A-Za-z-]{0,20}$/);
  const value = string({ unit: 'grapheme', minLength: 1, maxLength: 400 })
    .map((text) => text.replace(/[\u0000-\u001f\u007f]/g, '').trim())
    .filter((text) => text !== '' && !/[^ ]{200}/.test(text));
  const blocks = array(array(record({ name, value }), { minLength: 1 }));

  test('come back as they were, from lines that may travel', () => {
    assert(
      property(blocks, (written) => {
        const text = formatBlocks(written);
        expect(text).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
        for (const line of text.split('\r\n')) {
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998);
        }
        expect(parseBlocks(text)).toEqual(written);
        expect(parseBlocks(text.replaceAll('\r\n', '\n'))).toEqual(written);
      }),
    );
  });

  test('a word of any length may travel', () => {
    for (const letter of ['x', 'ü', '日', '𝒳']) {
      const text = formatBlocks([[{ name: 'A', value: letter.repeat(5_000) }]]);
      const lines = text.split('\r\n').map((line) => Buffer.byteLength(line));
      expect(Math.max(...lines)).toBeLessThanOrEqual(998);
      expect(parseBlocks(text)[0]?.[0]?.value.replaceAll(' ', '')).toBe(letter.repeat(5_000));
    }
  });

  test('that are empty are not written', () => {
    expect(formatBlocks([[{ name: 'A', value: ' ' }]])).toBe('');
  });
});
