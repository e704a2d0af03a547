import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatReply, MailError, readReply } from '@posthouse/mail';
import type { Reply } from '@posthouse/mail';
import { ReplyReader } from '../../src/outbound/reply-reader.ts';
import { pieces } from './arbitraries.ts';

function readAll(chunks: readonly Uint8Array[]): readonly Reply[] {
  const replies: Reply[] = [];
  const reader = new ReplyReader((reply) => replies.push(reply));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return replies;
}

function read(text: string): readonly Reply[] {
  return readAll([Buffer.from(text)]);
}

describe('reply reader', () => {
  it('reads replies of one and of many lines, with and without a status', () => {
    expect(
      read('220 ready\r\n250-peer\r\n250-SIZE\r\n250 DSN\r\n550-5.1.1 no\r\n550 5.1.1 such\r\n'),
    ).toEqual([
      { code: 220, lines: ['ready'] },
      { code: 250, lines: ['peer', 'SIZE', 'DSN'] },
      { code: 550, status: { class: 5, subject: 1, detail: 1 }, lines: ['no', 'such'] },
    ]);
  });

  it.each([
    ['a code alone', '250\r\n', { code: 250, lines: [''] }],
    ['a bare LF', '250 ok\n', { code: 250, lines: ['ok'] }],
    ['UTF-8', '250 ol\u00e9\r\n', { code: 250, lines: ['ol\u00e9'] }],
    ['an empty last line', '250-a\r\n250\r\n', { code: 250, lines: ['a', ''] }],
  ])('takes %s', (_, text, reply) => {
    expect(read(text)).toEqual([reply]);
  });

  it('takes what is no UTF-8 as latin1', () => {
    expect(readAll([Buffer.from('250 ol\u00e9\r\n', 'latin1')])).toEqual([
      { code: 250, lines: ['ol\u00e9'] },
    ]);
  });

  it.each([
    ['words', 'hello there\r\n'],
    ['an empty line', '\r\n'],
    ['a 1yz code', '150 wait\r\n'],
    ['a 6yz code', '650 what\r\n'],
    ['a code of four digits', '2500 ok\r\n'],
    ['a reply with two codes', '250-one\r\n550 two\r\n'],
    ['a line without end', `250 ${'x'.repeat(5000)}`],
    ['a reply without end', '250-x\r\n'.repeat(300)],
  ])('refuses %s as transient', (_, text) => {
    expect(() => read(text)).toThrow(MailError);
    try {
      read(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'next-hop-lost', permanent: false });
    }
  });

  it('hands over what stood before the nonsense', () => {
    const replies: Reply[] = [];
    const reader = new ReplyReader((reply) => replies.push(reply));
    expect(() => reader.push(Buffer.from('250 ok\r\nnonsense\r\n'))).toThrow(MailError);
    expect(replies).toHaveLength(1);
  });

  it('reads the same whatever the pieces', () => {
    const line = fc.stringMatching(/^[ -~]{0,20}$/);
    const reply = fc
      .tuple(fc.integer({ min: 200, max: 599 }), fc.array(line, { minLength: 1, maxLength: 5 }))
      .map(([code, lines]) => readReply(code, lines));
    const replies = fc.array(reply, { maxLength: 6 });
    fc.assert(
      fc.property(
        replies.chain((sent) => {
          const wire = sent.flatMap(formatReply).map((text) => `${text}\r\n`);
          return fc.tuple(fc.constant(sent), pieces(wire.join('')));
        }),
        ([sent, chunks]) => {
          expect(readAll(chunks)).toEqual(sent);
        },
      ),
    );
  });

  it('survives any octets: replies or a MailError, and bounded memory', () => {
    const octets = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constant(Buffer.from('250-a\r\n250 b\r\n'))),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(octets, (chunks) => {
        try {
          for (const reply of readAll(chunks)) expect(reply.lines.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MailError);
        }
      }),
    );
  });
});
