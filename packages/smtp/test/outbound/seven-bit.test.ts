import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_PARAMS } from '@posthouse/mail';
import { SevenBitConverter } from '../../src/outbound/seven-bit/seven-bit-converter.ts';
import { pieces } from './arbitraries.ts';
import { begin, BOB, commit, ENVELOPE, hello, play, QUIT } from './peers.ts';

/** A message, or a part: what it says of itself, and what it is. */
type Entity =
  | {
      readonly kind: 'leaf';
      readonly type: string;
      readonly encoding: string;
      readonly body: string;
    }
  | { readonly kind: 'multipart'; readonly subtype: string; readonly parts: readonly Entity[] }
  | { readonly kind: 'message'; readonly message: Entity };

const MIME = 'MIME-Version: 1.0\r\n';
const MULTIPART_8BIT = 'Content-Transfer-Encoding: 8bit\r\n';

/** As it stands in a message; `place` makes the delimiters of nested multiparts different. */
function render(entity: Entity, place = 'b'): string {
  if (entity.kind === 'leaf') {
    const { body, encoding, type } = entity;
    const said = encoding === '' ? '' : `Content-Transfer-Encoding: ${encoding}\r\n`;
    return `Content-Type: ${type}\r\n${said}\r\n${body}`;
  }
  if (entity.kind === 'message') {
    return `Content-Type: message/rfc822\r\n\r\n${MIME}${render(entity.message, `${place}m`)}`;
  }
  const type = `Content-Type: multipart/${entity.subtype};\r\n boundary="${place}"\r\n`;
  const parts = entity.parts.map((part, i) => `--${place}\r\n${render(part, `${place}${i}`)}\r\n`);
  return `${type}${MULTIPART_8BIT}\r\n${parts.join('')}--${place}--`;
}

/** The contents of the leaves, decoded, in their order: read as another program would. */
function leavesOf(octets: string, entity: Entity, place = 'b'): readonly string[] {
  const end = octets.indexOf('\r\n\r\n');
  const [header, body] = [octets.slice(0, end), octets.slice(end + 4)];
  if (entity.kind === 'leaf') {
    const encoding = /^content-transfer-encoding: (.*)$/im.exec(header)?.[1] ?? '7bit';
    return [decode(body, encoding)];
  }
  if (entity.kind === 'message') return leavesOf(body, entity.message, `${place}m`);
  expect(header).not.toMatch(/8bit/);
  const parts = `\r\n${body}`.split(new RegExp(`\\r\\n--${place}(?:--)?(?=\\r\\n|$)`)).slice(1);
  return entity.parts.flatMap((part, i) =>
    leavesOf((parts[i] ?? '').slice(2), part, `${place}${i}`),
  );
}

function decode(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('latin1');
  if (encoding !== 'quoted-printable') return body;
  return body
    .replaceAll(/[ \t]+(?=\r\n|$)/g, '')
    .replaceAll('=\r\n', '')
    .replaceAll(/=([\dA-F]{2})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
}

const character = (last: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.constantFrom(' ', '\t', '=', '.', '-', 'é'),
      fc.integer({ min: 1, max: last }).map((code) => String.fromCharCode(code)),
    )
    .filter((one) => one !== '\r' && one !== '\n' && one.charCodeAt(0) <= last);

/** Lines of octets, written as latin1. */
const text = (last: number): fc.Arbitrary<string> =>
  fc
    .array(fc.string({ unit: character(last), maxLength: 120 }), { maxLength: 6 })
    .map((lines) => lines.map((line) => (line.startsWith('--') ? ` ${line}` : line)).join('\r\n'));

const EIGHT = 255;
const leaf: fc.Arbitrary<Entity> = fc.oneof(
  ...(
    [
      ['text/plain; charset=utf-8', '8bit', EIGHT],
      ['text/html (with a comment); charset="x;y"', '8BIT', EIGHT],
      ['text/plain; charset=utf-8', '', EIGHT],
      ['application/octet-stream', '7bit', EIGHT],
      ['application/json', '8bit', EIGHT],
      ['text/plain', 'binary', EIGHT],
      ['text/plain', '7bit', 127],
      ['message/delivery-status', '', 127],
    ] as const
  ).map(([type, encoding, last]) =>
    text(last).map((body) => ({ kind: 'leaf' as const, type, encoding, body })),
  ),
  text(127).map((body) => ({
    kind: 'leaf' as const,
    type: 'application/pdf',
    encoding: 'base64',
    body: Buffer.from(body, 'latin1').toString('base64'),
  })),
);
const { entity } = fc.letrec<{ entity: Entity }>((tie) => ({
  entity: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constant('multipart' as const),
      subtype: fc.constantFrom('mixed', 'alternative', 'related'),
      parts: fc.array(tie('entity'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('message' as const), message: tie('entity') }),
  ),
}));

function convert(chunks: readonly Uint8Array[]): string {
  const converter = new SevenBitConverter();
  const output = chunks.map((chunk) => converter.push(chunk));
  return Buffer.concat([...output, converter.end()]).toString('latin1');
}

const convertText = (message: string): string => convert([Buffer.from(message, 'latin1')]);

/** What its leaves hold before anything was done. */
function contentsOf(entity: Entity): readonly string[] {
  if (entity.kind === 'message') return contentsOf(entity.message);
  if (entity.kind === 'multipart') return entity.parts.flatMap(contentsOf);
  return [decode(entity.body, entity.encoding)];
}

describe('eight bits made seven', () => {
  it('hold the same contents, in seven bits and short lines, however they come', () =>
    fc.assert(
      fc.property(
        entity.chain((one) => {
          const message = `${MIME}${render(one)}`;
          return fc.tuple(fc.constant(one), pieces(message));
        }),
        ([one, chunks]) => {
          const converted = convert(chunks);
          expect(converted).toMatch(/^[\u0000-\u007f]*$/);
          expect(leavesOf(converted, one)).toEqual(contentsOf(one));
        },
      ),
    ));

  it('change nothing where there are seven already', () =>
    fc.assert(
      fc.property(text(127), (body) => {
        const message = `${MIME}Subject: hello\r\nContent-Type: text/plain\r\n\r\n${body}`;
        expect(convertText(message)).toBe(message);
      }),
    ));

  it('of a line without an end become lines that are short enough', () => {
    const line = 'é'.repeat(300_000);
    const converted = convertText(
      `${MIME}${render({ kind: 'leaf', type: 'text/plain', encoding: '8bit', body: line })}`,
    );
    const body = converted.slice(converted.indexOf('\r\n\r\n') + 4);
    expect(Math.max(...body.split('\r\n').map((each) => each.length))).toBeLessThanOrEqual(76);
    expect(decode(body, 'quoted-printable')).toBe(line);
  });

  it('are marked where nothing was said, and what is a list of messages is read as one', () => {
    const inner = `${MIME}Subject: inner\r\n\r\nnaïve`;
    const message = `${MIME}Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\n${inner}\r\n--x--\r\n`;
    expect(convertText(message)).toBe(
      message
        .replace(
          'Subject: inner\r\n',
          'Subject: inner\r\nContent-Transfer-Encoding: quoted-printable\r\n',
        )
        .replace('naïve', 'na=EFve'),
    );
  });

  it.each([
    ['header fields beyond ASCII', `${MIME}Subject: naïve\r\n\r\nhello`],
    ['is not MIME', 'Subject: hello\r\n\r\nnaïve'],
    [
      'is signed',
      `${MIME}Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n${render({ kind: 'leaf', type: 'text/plain', encoding: '8bit', body: 'naïve' })}\r\n--s--`,
    ],
    [
      'is signed',
      `${MIME}Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n${render({ kind: 'multipart', subtype: 'mixed', parts: [{ kind: 'leaf', type: 'text/plain', encoding: '8bit', body: 'naïve' }] })}\r\n--s--`,
    ],
    [
      'cannot be encoded',
      `${MIME}Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nnaïve`,
    ],
    ['cannot be encoded', `${MIME}Content-Type: multipart/mixed\r\n\r\nnaïve`],
    ['cannot be encoded', `${MIME}Content-Type: message/partial; id=a\r\n\r\nnaïve`],
    ['before its parts', `${MIME}Content-Type: multipart/mixed; boundary=x\r\n\r\nnaïve\r\n--x--`],
    ['between its parts', `${MIME}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\nnaïve`],
    ['says seven', `${MIME}Content-Transfer-Encoding: base64\r\n\r\nnaïve`],
    ['says seven', `${MIME}Content-Type: text/plain\r\n\r\n${'a line\r\n'.repeat(50_000)}naïve`],
  ])('are refused where a message %s', (what, message) => {
    expect(() => convertText(message)).toThrow('554 5.6.3');
    expect(() => convertText(message)).toThrow(what);
  });

  it('pass a signed part that has seven, octet for octet', () => {
    const part = 'Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nhello';
    const message = `${MIME}Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n${part}\r\n--s--\r\n`;
    expect(convertText(message)).toBe(message);
  });

  it('never hold up or break on any octets', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (octets) => {
        const converter = new SevenBitConverter();
        try {
          converter.push(octets);
          converter.end();
        } catch (error) {
          expect(error).toMatchObject({ code: 'eight-bit-unsupported' });
        }
      }),
    ));
});

describe('a peer that takes seven bits', () => {
  const EIGHT_BIT = Buffer.from(
    `${MIME}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nna\u00efve\r\n`,
  );

  it('gets seven, with no word of eight and of a size that nobody knows', () =>
    play(
      `${hello('PIPELINING', 'SIZE')}
      ${ENVELOPE}
      C: DATA
      S: 354 go on
      ! content
      S: 250 ok
      ${QUIT}`,
      async (session, peer) => {
        const transaction = begin(session, { body: '8BITMIME', sizeBytes: EIGHT_BIT.length });
        await transaction.recipient(BOB, NO_PARAMS);
        expect(await commit(transaction, EIGHT_BIT)).toMatchObject([{ kind: 'relayed' }]);
        await session.quit();
        expect(String(peer.contents[0])).toBe(
          `${MIME}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nna=C3=AFve\r\n.\r\n`,
        );
      },
    ));

  it('gets nothing of what cannot be converted, and the message fails', () =>
    play(
      `${hello('PIPELINING')}
      ${ENVELOPE}`,
      async (session) => {
        const transaction = begin(session, { body: '8BITMIME' });
        await transaction.recipient(BOB, NO_PARAMS);
        const writing = commit(transaction, Buffer.from('Subject: na\u00efve\r\n\r\nhello\r\n'));
        await expect(writing).rejects.toMatchObject({
          code: 'eight-bit-unsupported',
          permanent: true,
        });
        await transaction.abort();
        expect(session.usable).toBe(false);
      },
    ));
});
