import { describe, expect, test } from 'vitest';
import { contentFrom, contentOf } from '@posthouse/mail';
import type { MailParams, NotifyEvent } from '@posthouse/mail';
import { readReturnedContent } from '@posthouse/dsn';

const HEADERS = 'From: alice@example.org\r\nSubject: x\r\n';
const WHOLE = `${HEADERS}\r\nbody\r\n`;

test.for<[NotifyEvent, MailParams, 'message' | 'headers']>([
  ['failure', {}, 'message'],
  ['failure', { ret: 'FULL' }, 'message'],
  ['failure', { ret: 'HDRS' }, 'headers'],
  ['failure', { ret: 'FULL', requireTls: true }, 'headers'],
  ['delay', { ret: 'FULL' }, 'headers'],
  ['success', { ret: 'FULL' }, 'headers'],
])('%s %j: %s', async ([kind, params, returned]) => {
  expect(await readReturnedContent(contentOf(Buffer.from(WHOLE)), { kind, params })).toEqual({
    kind: returned,
    bytes: Buffer.from(returned === 'message' ? WHOLE : HEADERS),
  });
});

describe('size', () => {
  const rules = { kind: 'failure', params: { ret: 'FULL' }, maxReturnedBytes: 60 } as const;

  test('a message over the limit loses its body; what was put in front counts', async () => {
    const content = contentOf(Buffer.from(WHOLE));
    expect((await readReturnedContent(content, rules)).kind).toBe('message');
    const longer = content.withPrefix(Buffer.from('Received: from x\r\n'));
    expect(await readReturnedContent(longer, rules)).toEqual({
      kind: 'headers',
      bytes: Buffer.from(`Received: from x\r\n${HEADERS}`),
    });
  });

  test('of a large message only the headers are read', async () => {
    let chunks = 0;
    async function* endless(): AsyncIterable<Uint8Array> {
      yield Buffer.from('Subject: x\r\n');
      for (;;) {
        chunks++;
        yield Buffer.from('\r\nbody');
      }
    }
    expect(await readReturnedContent(contentFrom(1e9, endless), rules)).toEqual({
      kind: 'headers',
      bytes: Buffer.from('Subject: x\r\n'),
    });
    expect(chunks).toBe(1);
  });

  test('endless headers are cut at the end of a line', async () => {
    const line = `X-Filler: ${'y'.repeat(88)}\r\n`;
    const content = contentOf(Buffer.from(`${line.repeat(2_000)}\r\nbody`));
    const { bytes } = await readReturnedContent(content, rules);
    expect(bytes.length).toBeLessThanOrEqual(65_536);
    expect(bytes.toString()).toBe(line.repeat(655));
  });

  test('a message without a body, without an end, without anything', async () => {
    const ofText = (text: string) =>
      readReturnedContent(contentOf(Buffer.from(text)), { kind: 'delay', params: {} });
    expect((await ofText(HEADERS)).bytes.toString()).toBe(HEADERS);
    expect((await ofText(`${HEADERS}\r\n`)).bytes.toString()).toBe(HEADERS);
    expect((await ofText('')).bytes.toString()).toBe('');
  });
});
