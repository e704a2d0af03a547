import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentDecoder } from '../../src/inbound/content-decoder.ts';

interface Decoded {
  readonly content: string;
  readonly bare: boolean;
  /** What followed the end; undefined where no end was seen. */
  readonly rest: string | undefined;
}

function decode(chunks: readonly string[], normalize: boolean): Decoded {
  const decoder = new ContentDecoder({ framing: 'dots', normalize });
  let content = '';
  for (const [index, chunk] of chunks.entries()) {
    // Every chunk is memory of its own, as from a socket, and begins somewhere within it.
    const octets = Buffer.from(`##${chunk}`, 'latin1');
    const decoded = decoder.decode(octets, 2);
    content += decoded.content.toString('latin1');
    if (decoded.ended) {
      const rest = chunk.slice(decoded.consumed) + chunks.slice(index + 1).join('');
      return { content, bare: decoder.sawBareLineEnding, rest };
    }
  }
  return { content, bare: decoder.sawBareLineEnding, rest: undefined };
}

/** The same in the plainest words, on the whole text. */
function expected(text: string, normalize: boolean): Decoded {
  const end = `\r\n${text}`.indexOf('\r\n.\r\n');
  const body = end === -1 ? text : text.slice(0, end);
  const unstuffed = `\r\n${body}`.replaceAll('\r\n.', '\r\n').slice(2);
  const bare = /\r(?!\n)|(?<!\r)\n/.test(body);
  return {
    content: normalize ? unstuffed.replace(/\r\n|\r|\n/g, '\r\n') : unstuffed,
    bare,
    rest: end === -1 ? undefined : text.slice(end + 3),
  };
}

const special = fc.constantFrom('\r\n', '.', '\r\n.', '\r\n..', '\r', '\n', 'a', 'some text');
const clean = fc.constantFrom('\r\n', '.', 'a', '\r\n.', 'some more text');
const text = (piece: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

function split(whole: string, cuts: readonly number[]): readonly string[] {
  const at = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].toSorted((a, b) => a - b);
  return [...at, whole.length].map((end, i) => whole.slice(at[i - 1] ?? 0, end)).filter((s) => s);
}

describe('mail data after DATA', () => {
  it('is the same however it is cut into chunks', () => {
    fc.assert(
      fc.property(text(clean), fc.array(fc.nat()), fc.boolean(), (body, cuts, normalize) => {
        const wire = `${body}\r\n.\r\nNOOP\r\n`;
        expect(decode(split(wire, cuts), normalize)).toEqual(expected(wire, normalize));
      }),
      { numRuns: 2000 },
    );
  });

  it('reports bare line endings, or makes them right, across chunk edges', () => {
    fc.assert(
      fc.property(text(special), fc.array(fc.nat()), (body, cuts) => {
        const wire = `${body}\r\n.\r\nNOOP\r\n`;
        const chunks = split(wire, cuts);
        expect(decode(chunks, true)).toEqual(expected(wire, true));
        const { bare, rest } = expected(wire, false);
        expect(decode(chunks, false)).toMatchObject({ bare, rest });
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\n\r\n.\r\r\n'])(
    'does not end at %j',
    (sequence) => {
      for (const normalize of [true, false]) {
        const decoded = decode([`a${sequence}MAIL FROM:<evil@example.test>\r\n.\r\n`], normalize);
        expect(decoded).toMatchObject({ bare: true, rest: '' });
      }
    },
  );

  it.each([
    ['.\r\n', ''],
    ['\r\n.\r\n', '\r\n'],
    ['..\r\n.\r\n', '.\r\n'],
    ['.a\r\n.\r\n', 'a\r\n'],
    ['a..b\r\n...\r\n.\r\n', 'a..b\r\n..\r\n'],
    ['\r\n\r\n..\r\n.\r\n', '\r\n\r\n.\r\n'],
  ])('takes the dots of %j away', (wire, content) => {
    expect(decode([wire], false)).toEqual({ content, bare: false, rest: '' });
  });

  it('takes a dot behind a bare LF for what it is', () => {
    expect(decode(['a\n..\r\n.\r\n'], true).content).toBe('a\r\n..\r\n');
  });
});

describe('octets after BDAT', () => {
  const chunks = (parts: readonly string[], normalize: boolean): [string, boolean] => {
    const decoder = new ContentDecoder({ framing: 'octets', normalize });
    let content = '';
    for (const part of parts) {
      const decoded = decoder.decode(Buffer.from(part, 'latin1'));
      expect(decoded).toMatchObject({ ended: false, consumed: part.length });
      content += decoded.content.toString('latin1');
    }
    content += decoder.finish().toString('latin1');
    return [content, decoder.sawBareLineEnding];
  };

  it('keep their dots', () => {
    expect(chunks(['.\r\n..\r\n', '.\r\n'], false)).toEqual(['.\r\n..\r\n.\r\n', false]);
  });

  it('end in a whole line', () => {
    expect(chunks(['a\r\nb'], false)).toEqual(['a\r\nb\r\n', false]);
    expect(chunks([], false)).toEqual(['', false]);
    expect(chunks(['a\r'], true)).toEqual(['a\r\n', true]);
  });

  it('are checked for bare line endings across chunks', () => {
    expect(chunks(['a\r', '\nb\r\n'], false)).toEqual(['a\r\nb\r\n', false]);
    expect(chunks(['a\r', 'b\r\n'], false)[1]).toBe(true);
    expect(chunks(['a\r', 'b', '\nc'], true)).toEqual(['a\r\nb\r\nc\r\n', true]);
  });
});
