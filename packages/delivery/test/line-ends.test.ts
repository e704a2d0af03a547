import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLineEndReader, toNewlines } from '../src/maildir/line-ends.ts';
import { storedContentOf } from '../src/maildir/stored-content.ts';

/** Octets in which every CR and LF is part of a CRLF, cut into chunks anywhere. */
const canonical = fc
  .array(fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constant(Buffer.from('\r\n'))))
  .map((parts) =>
    Buffer.concat(
      parts.map((part) =>
        Buffer.isBuffer(part)
          ? part
          : Buffer.from(part.filter((octet) => octet !== 13 && octet !== 10)),
      ),
    ),
  );

function inChunks(octets: Buffer, cuts: readonly number[]): Buffer {
  const reader = createLineEndReader();
  const places = [...new Set(cuts.map((cut) => cut % (octets.length + 1)))].toSorted(
    (a, b) => a - b,
  );
  const pieces: Buffer[] = [];
  let start = 0;
  for (const place of [...places, octets.length]) {
    const chunk = Buffer.from(octets.subarray(start, place));
    pieces.push(reader.push(chunk));
    chunk.fill(0x21); // its memory is the caller's again
    start = place;
  }
  return Buffer.concat([...pieces, reader.end()]);
}

describe('line ends', () => {
  test('come back octet by octet from what is stored', () => {
    fc.assert(
      fc.property(canonical, (octets) => {
        const stored = storedContentOf(octets);
        const back = (stored.bytes ?? Buffer.alloc(0)).toString('latin1').replaceAll('\n', '\r\n');
        expect(back).toBe(octets.toString('latin1'));
        expect(stored.virtualBytes).toBe(octets.length);
      }),
    );
  });

  test('are the same however the content is cut into chunks, canonical or not', () => {
    const any = fc
      .array(fc.constantFrom('\r', '\n', '\r\n', 'a'))
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(any, canonical), fc.array(fc.nat()), (octets, cuts) => {
        expect(inChunks(octets, cuts)).toEqual(toNewlines(octets));
      }),
    );
  });

  test('are those of the plainest words, wherever they stand in long content', () => {
    const piece = fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '\r\r\n'),
      fc.uint8Array().map((octets) => Buffer.from(octets).toString('latin1')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(7), (pieces, start) => {
        const text = pieces.join('');
        const octets = Buffer.from(`${' '.repeat(start)}${text}`, 'latin1').subarray(start);
        expect(toNewlines(octets).toString('latin1')).toBe(text.replaceAll('\r\n', '\n'));
      }),
    );
  });

  test('leave a CR at the very end', () => {
    expect(inChunks(Buffer.from('a\r\nb\r'), [4]).toString()).toBe('a\nb\r');
  });
});
