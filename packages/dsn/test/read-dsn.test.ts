import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, asyncProperty, integer, string, tuple, uint8Array, array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDsn } from '@posthouse/dsn';
import type { ReadReport } from '@posthouse/dsn';

function fixture(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'fixtures', `${name}.eml`));
}

async function read(name: string): Promise<ReadReport> {
  const bytes = fixture(name);
  const report = await readDsn(
    Buffer.from(bytes.toString('latin1').replace(/\n/g, '\r\n'), 'latin1'),
  );
  const fromFile = await readDsn(bytes);
  if (report === undefined) throw new TypeError(`${name} is no notification`);
  expect(fromFile).toMatchObject({ recipients: report.recipients });
  expect(fromFile?.returned?.messageId).toBe(report.returned?.messageId);
  return report;
}

/** Whatever comes of it. */
async function reads(message: Uint8Array): Promise<void> {
  await readDsn(message);
}

const BOB = { type: 'rfc822', value: 'bob@example.net' };

describe('reports of', () => {
  test('Postfix: two failures, the message returned', async () => {
    const report = await read('postfix-failure');
    expect(report).toMatchObject({
      reportingMta: { type: 'dns', value: 'mail.example.org' },
      envelopeId: 'order+42',
      arrivedAt: Date.UTC(2026, 0, 12, 9, 15, 28),
      recipients: [
        {
          finalRecipient: BOB,
          originalRecipient: BOB,
          action: 'failed',
          status: { class: 5, subject: 1, detail: 1 },
          remoteMta: { type: 'dns', value: 'mx1.example.net' },
          reply: { code: 550, status: { class: 5, subject: 1, detail: 1 } },
        },
        {
          finalRecipient: { value: 'carol@unreachable.example' },
          action: 'failed',
          status: { class: 4, subject: 4, detail: 1 },
          diagnosticCode: { type: 'x-postfix' },
          reply: undefined,
        },
      ],
      returned: {
        kind: 'message',
        messageId: '<order-42@example.org>',
        subject: 'Bestellung bestätigt',
      },
    });
    expect(report.text).toContain('Two recipients could not be reached');
    expect(report.fields).toContainEqual({ name: 'X-Postfix-Queue-ID', value: '5F6A7B8C9D' });
    expect(report.returned?.bytes.toString()).toContain('Guten Tag');
  });

  test('Postfix: a delay, the headers returned', async () => {
    expect(await read('postfix-delay')).toMatchObject({
      recipients: [
        {
          originalRecipient: { type: 'rfc822', value: 'team@example.org' },
          action: 'delayed',
          status: { class: 4, subject: 7, detail: 1 },
          reply: { code: 451, lines: ['Greylisted, come back in 300 seconds'] },
          lastAttemptAt: Date.UTC(2026, 0, 12, 14, 19, 58),
          willRetryUntil: Date.UTC(2026, 0, 17, 10, 20, 0),
        },
      ],
      returned: { kind: 'headers', subject: 'Lunch', messageId: '<lunch@example.org>' },
    });
  });

  test('Exim: a reply of more than one line, and fields in another order', async () => {
    expect(await read('exim-failure')).toMatchObject({
      recipients: [
        {
          finalRecipient: BOB,
          status: { class: 5, subject: 0, detail: 0 },
          diagnosticCode: {
            type: 'smtp',
            value:
              '552-5.2.2 The mailbox is over its quota. 552 5.2.2 Ask its owner to make room. u8-20020a05',
          },
          reply: { code: 552, status: { class: 5, subject: 2, detail: 2 } },
        },
      ],
      returned: { kind: 'message', messageId: '<q1@example.org>' },
    });
  });

  test('Exchange: text in two forms, types without a space behind them', async () => {
    const report = await read('exchange-failure');
    expect(report).toMatchObject({
      reportingMta: { type: 'dns', value: 'AM0PR01MB0001.exchange.example' },
      receivedFromMta: { type: 'dns', value: 'mail.example.org' },
      recipients: [
        {
          finalRecipient: BOB,
          status: { class: 5, subject: 1, detail: 10 },
          reply: { code: 550, status: { class: 5, subject: 1, detail: 10 } },
        },
      ],
      returned: { kind: 'message', messageId: '<hello-1@example.org>' },
    });
    expect(report.text).toContain('The line is longer than one.');
    expect(report.recipients[0]?.fields).toContainEqual({ name: 'X-Display-Name', value: 'bob' });
  });

  test('sendmail: a success, with comments and capitals', async () => {
    expect(await read('sendmail-relayed')).toMatchObject({
      recipients: [
        {
          finalRecipient: BOB,
          action: 'relayed',
          status: { class: 2, subject: 1, detail: 9 },
          remoteMta: { type: 'dns', value: 'mx.example.net' },
          reply: { code: 250, lines: ['Ok'] },
        },
      ],
      returned: { kind: 'headers', messageId: '<rr@example.org>' },
    });
  });

  test('an international system: every part encoded', async () => {
    const report = await read('gmail-international');
    expect(report).toMatchObject({
      recipients: [{ finalRecipient: { type: 'utf-8', value: 'jürgen@example.net' } }],
      returned: { kind: 'headers', subject: 'Grüße' },
    });
    expect(report.text).toContain('nicht gefunden: jürgen@example.net');
  });

  test('a careless system: what can be made out', async () => {
    expect(await read('minimal')).toMatchObject({
      reportingMta: undefined,
      arrivedAt: undefined,
      recipients: [
        {
          finalRecipient: { type: 'unknown', value: 'bob@example.net' },
          action: undefined,
          status: { class: 5, subject: 1, detail: 1 },
        },
      ],
      returned: undefined,
    });
  });
});

describe('what is no notification', () => {
  test.for([
    '',
    'Subject: hello\r\n\r\nworld\r\n',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n',
    'Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\r\n--b--\r\n',
    'Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.test\r\n--b--\r\n',
    'Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n' +
      'Content-Type: message/disposition-notification\r\n\r\nDisposition: manual-action; displayed\r\n--b--\r\n',
  ])('%j', async (text) => {
    expect(await readDsn(Buffer.from(text))).toBeUndefined();
  });

  test('a notification that was forwarded is not one', async () => {
    const forwarded = `Content-Type: message/rfc822\r\n\r\n${fixture('exim-failure').toString()}`;
    expect(await readDsn(Buffer.from(forwarded))).toBeUndefined();
  });

  test('random octets, and reports with damage, never throw', async () => {
    const good = fixture('postfix-failure');
    const damaged = tuple(
      array(tuple(integer({ min: 0, max: good.length - 1 }), integer({ min: 0, max: 255 })), {
        maxLength: 20,
      }),
      integer({ min: 0, max: good.length }),
    ).map(([changes, length]) => {
      const bytes = Buffer.from(good.subarray(0, length));
      for (const [at, octet] of changes) bytes[at] = octet;
      return bytes;
    });
    await assert(asyncProperty(uint8Array({ maxLength: 300 }), reads), { numRuns: 50 });
    await assert(asyncProperty(damaged, reads), { numRuns: 100 });
    const status = string().map((text) =>
      Buffer.from(
        `Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: ${text}`,
      ),
    );
    await assert(asyncProperty(status, reads), { numRuns: 100 });
  });
});
