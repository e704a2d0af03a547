import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countHops,
  createField,
  fieldValue,
  fieldValues,
  findHeaderEnd,
  formatFields,
  readHeaderSection,
} from '@posthouse/mail';

const section = (text: string) => readHeaderSection(Buffer.from(text));

describe('readHeaderSection', () => {
  it('reads fields, folded values and the place where the body begins', () => {
    const text =
      'From: a@b.test\r\nSubject: one\r\n\ttwo\r\n  three\r\nTo : c@d.test\r\n\r\nbody\r\n';
    const read = section(text);
    expect(read.fields.map((field) => field.name)).toEqual(['from', 'subject', 'to']);
    expect(read.fields.map(fieldValue)).toEqual(['a@b.test', 'one\ttwo  three', 'c@d.test']);
    expect(text.slice(read.endOffset)).toBe('body\r\n');
    expect(read.terminated).toBe(true);
  });

  it('ends at a line that is no field, as if an empty line stood there', () => {
    const read = section('From: a@b.test\r\nno field\r\nTo: c@d.test\r\n\r\nbody');
    expect(read.fields.map((field) => field.name)).toEqual(['from']);
    expect(read).toMatchObject({ endOffset: 16, terminated: false });
  });

  it('knows an empty header section', () => {
    expect(section('\r\nbody')).toEqual({ fields: [], endOffset: 2, terminated: true });
    expect(section('').fields).toEqual([]);
    expect(findHeaderEnd(Buffer.from('\r\nbody'))).toBe(2);
  });

  it('reads UTF-8 values and counts hops', () => {
    const read = section('Received: from x\r\nSubject: žluť\r\nRECEIVED: from y\r\n\r\n');
    expect(fieldValues(read, 'Subject')).toEqual(['žluť']);
    expect(countHops(read)).toBe(2);
  });

  it('gives the very octets back, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, lead) => {
        const octets = Buffer.concat([Buffer.from(lead ? 'A: b\r\n c\r\n' : ''), noise]);
        const read = readHeaderSection(octets);
        const fields = formatFields(read.fields);
        expect(octets.subarray(0, fields.length).equals(fields)).toBe(true);
        expect(read.endOffset - fields.length).toBe(read.terminated ? 2 : 0);
      }),
    );
  });

  it('takes time in proportion to the octets: a megabyte of folding is no attack', () => {
    const folded = `X: ${'\r\n y'.repeat(250_000)}\r\n\r\n`;
    const colonless = `${'a'.repeat(1_000_000)}\r\n\r\n`;
    expect(section(folded).fields).toHaveLength(1);
    expect(section(colonless).fields).toHaveLength(0);
  });
});

describe('createField', () => {
  it('refuses what would end the field', () => {
    expect(() => createField('X', 'a\r\nBcc: b')).toThrow(TypeError);
    expect(() => createField('X', 'a\nb')).toThrow(TypeError);
    expect(() => createField('X Y', 'a')).toThrow(TypeError);
    expect(createField('X-Long', 'a\r\n\tb').raw).toBe('X-Long: a\r\n\tb\r\n');
  });
});
