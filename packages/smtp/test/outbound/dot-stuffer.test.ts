import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailError } from '@posthouse/mail';
import { DotStuffer } from '../../src/outbound/dot-stuffer.ts';
import { pieces } from './arbitraries.ts';

/** Stuffs content given in chunks, with the final dot. */
function stuff(chunks: readonly Uint8Array[]): Buffer {
  const stuffer = new DotStuffer();
  const written = chunks.map((chunk) => stuffer.push(chunk));
  return Buffer.concat([...written, stuffer.end()]);
}

/** What a strict reader makes of it: only CRLF.CRLF ends, only a dot after CRLF is stuffed. */
function read(wire: Buffer): { content: string; after: string } {
  const text = `\r\n${wire.toString('latin1')}`;
  const end = text.indexOf('\r\n.\r\n');
  return {
    content: text.slice(2, end + 2).replace(/(^|\r\n)\./g, '$1'),
    after: text.slice(end + 5),
  };
}

/** Canonical content of awkward lines. */
const canonical = fc
  .array(fc.constantFrom('', '.', '..', '.x', 'x.', 'line', 'é\0', ' .'), { maxLength: 12 })
  .map((lines) => lines.map((line) => `${line}\r\n`).join(''));

describe('dot-stuffing', () => {
  it('is taken back by a strict reader, whatever the chunks', () => {
    fc.assert(
      fc.property(canonical.chain(pieces), (chunks) => {
        const { content, after } = read(stuff(chunks));
        expect(content).toBe(Buffer.concat(chunks).toString('latin1'));
        expect(after).toBe('');
      }),
    );
  });

  it('never lets two readings of the stream exist, whatever the octets', () => {
    const octets = fc
      .array(fc.constantFrom('\r', '\n', '.', 'x', '\r\n', '\r\n.'), { maxLength: 20 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(octets.chain(pieces), (chunks) => {
        const wire = attempt(() => stuff(chunks));
        if (wire instanceof MailError) {
          expect(wire.code).toBe('bare-line-ending');
          expect(/(^|[^\r])\n|\r(?!\n)/.test(Buffer.concat(chunks).toString('latin1'))).toBe(true);
          return;
        }
        expect(wire.toString('latin1')).not.toMatch(/(^|[^\r])\n|\r(?!\n)/);
        expect(wire.indexOf('\r\n.\r\n')).toBe(
          wire.toString('latin1') === '.\r\n' ? -1 : wire.length - 5,
        );
      }),
    );
  });

  it('ends a last line that lacks its CRLF', () => {
    expect(stuff([Buffer.from('a')]).toString()).toBe('a\r\n.\r\n');
    expect(stuff([]).toString()).toBe('.\r\n');
  });

  it.each(['a\rb', 'a\n', '\n', 'a\r', '\r\r\n', 'a\n.\r\n'])('refuses %j', (text) => {
    expect(attempt(() => stuff([Buffer.from(text)]))).toBeInstanceOf(MailError);
  });

  it('keeps no chunk’s memory', () => {
    const stuffer = new DotStuffer();
    const chunk = Buffer.from('.a\r\n');
    const written = stuffer.push(chunk);
    chunk.fill('!');
    expect(written.toString()).toBe('..a\r\n');
  });
});

function attempt<Value>(make: () => Value): Value | MailError {
  try {
    return make();
  } catch (error) {
    if (error instanceof MailError) return error;
    throw error;
  }
}
