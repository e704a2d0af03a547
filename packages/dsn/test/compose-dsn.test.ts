import { describe, expect, test } from 'vitest';
import { parseEnvelopeId, parseMessageId, readReply } from '@posthouse/mail';
import type { FailureProof } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import { composeDsn, decideNotifications, readDsn } from '@posthouse/dsn';
import {
  ALICE,
  AT,
  DELAYED,
  DELIVERED,
  EXPANDED,
  FAILED,
  POSTMASTER,
  RELAYED,
  fate,
  reportOf,
  status,
} from './reports.ts';
import type { ReportFacts } from './reports.ts';

/** Composes, checks what is true of every notification, and gives its octets as text. */
async function compose(given: ReportFacts = {}) {
  const report = await reportOf(given);
  const dsn = await composeDsn(report);
  const octets = dsn.bytes.toString('latin1');
  expect(octets).not.toMatch(/\r(?!\n)|(?<!\r)\n|\u0000/);
  expect(Math.max(...octets.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
  expect(octets.endsWith('\r\n')).toBe(true);
  expect(/[^\u0000-\u007f]/.test(octets)).toBe(dsn.mailParams.body === '8BITMIME');
  expect((await composeDsn(report)).bytes.equals(dsn.bytes)).toBe(true);
  const read = await readDsn(dsn.bytes);
  if (read === undefined) throw new TypeError('not a notification');
  return { dsn, octets, read, lines: (read.text ?? '').split('\n') };
}

test('a failure, from the first octet to the last', async () => {
  const { dsn, octets } = await compose({
    fates: [fate(FAILED, { lastAttemptAt: AT + 30_000 })],
    params: { ret: 'HDRS', ...envid('order+42') },
  });
  expect(octets.split('\r\n')).toEqual([
    'Date: Mon, 12 Jan 2026 09:16:30 +0000',
    'From: Mail Delivery System <MAILER-DAEMON@relay.test>',
    'To: alice@example.org',
    'Subject: Not delivered: Lunch on Friday',
    'Message-ID: <0987654321ZYXWVTSRQ@relay.test>',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status;',
    ' boundary="=_-0987654321ZYXWVTSRQ-Part_1"',
    '',
    '--=_-0987654321ZYXWVTSRQ-Part_1',
    'Content-Type: text/plain; charset=us-ascii',
    'Content-Transfer-Encoding: 7bit',
    '',
    'Your message to bob@example.net was not delivered: there is no such mailbox at example.net.',
    'What to do: check the address for typing mistakes, then send the message again.',
    '',
    'bob@example.net',
    '  mx1.example.net [192.0.2.25] said:',
    '    550 5.1.1 <bob@example.net>: no such user here',
    '  Status: 5.1.1',
    '  Last tried: Mon, 12 Jan 2026 09:16:00 +0000',
    '',
    'The message:',
    '  Subject: Lunch on Friday',
    '  Accepted: Mon, 12 Jan 2026 09:15:30 +0000',
    '  Queue id: 1234567890BCDFGHJKL',
    '',
    'This is an automatic report of the mail system at relay.test.',
    'Questions go to postmaster@relay.test; the queue id helps to find the message.',
    '',
    '--=_-0987654321ZYXWVTSRQ-Part_1',
    'Content-Type: message/delivery-status',
    '',
    'Original-Envelope-Id: order+42',
    'Reporting-MTA: dns; relay.test',
    'Received-From-MTA: dns; laptop.example.org',
    'Arrival-Date: Mon, 12 Jan 2026 09:15:30 +0000',
    'X-Posthouse-Queue-Id: 1234567890BCDFGHJKL',
    '',
    'Final-Recipient: rfc822; bob@example.net',
    'Action: failed',
    'Status: 5.1.1',
    'Remote-MTA: dns; mx1.example.net',
    'Diagnostic-Code: smtp; 550 5.1.1 <bob@example.net>: no such user here',
    'Last-Attempt-Date: Mon, 12 Jan 2026 09:16:00 +0000',
    '',
    '--=_-0987654321ZYXWVTSRQ-Part_1',
    'Content-Type: text/rfc822-headers',
    'Content-Transfer-Encoding: 7bit',
    '',
    'From: alice@example.org',
    'Subject: Lunch on Friday',
    'Message-ID: <lunch@example.org>',
    '',
    '--=_-0987654321ZYXWVTSRQ-Part_1--',
    '',
  ]);
  expect(dsn).toMatchObject({
    reversePath: '<>',
    forwardPath: ALICE,
    mailParams: { body: '7BIT' },
    rcptParams: { notify: 'never' },
    messageId: '<0987654321ZYXWVTSRQ@relay.test>',
  });
});

function envid(text: string): { envid: NonNullable<ReturnType<typeof parseEnvelopeId>> } | object {
  const parsed = parseEnvelopeId(text);
  return parsed === undefined ? {} : { envid: parsed };
}

describe('the first two lines', () => {
  test.for<[FailureProof, string, string, string]>([
    ['no-such-domain', '5.1.2', 'the domain example.net does not exist.', 'after the @'],
    ['null-mx', '5.1.10', 'example.net takes no mail at all.', 'another address'],
    ['peer-reply', '5.2.1', 'the mailbox at example.net is closed.', 'another address'],
    ['peer-reply', '5.2.2', 'the mailbox is full.', 'send the message again'],
    ['peer-reply', '5.2.3', 'larger than example.net takes.', 'a link'],
    ['peer-reply', '5.3.4', 'larger than example.net takes.', 'a link'],
    ['loop', '5.4.6', 'a circle of mail servers.', 'postmaster@example.net'],
    ['expired', '4.4.1', 'example.net did not take it for as long as it was tried.', 'later'],
    ['unsupported', '5.6.7', 'does not know international addresses.', 'plain Latin letters'],
    ['unsupported', '5.6.3', 'cannot take a message of this kind.', 'plain text'],
    ['unsupported', '5.3.3', 'cannot take a message of this kind.', 'plain text'],
    ['peer-reply', '5.7.1', 'the rules of example.net forbid it.', 'the reason below'],
    ['policy', '5.0.0', 'the rules of example.net forbid it.', 'the reason below'],
    ['peer-reply', '5.0.0', 'example.net refused it.', 'postmaster@example.net'],
  ])('of a failure: %s %s', async ([proof, code, happened, advice]) => {
    const { lines } = await compose({ fates: [fate({ ...FAILED, proof, status: status(code) })] });
    expect(lines[0]).toMatch(/^Your message to bob@example\.net was not delivered: /);
    expect(lines[0]).toContain(happened);
    expect(lines[1]).toMatch(/^What to do: /);
    expect(lines[1]).toContain(advice);
  });

  test('of a refusal of ours do not blame the domain', async () => {
    const { reply: _, host: __, ...ours } = FAILED;
    const refused = { ...ours, proof: 'policy', status: status('5.7.1'), reason: 'No.' } as const;
    const { lines, read } = await compose({ fates: [fate(refused)] });
    expect(lines[0]).toContain('the rules of this mail system forbid it');
    expect(lines).toContain('  Reason: No.');
    expect(read.recipients[0]).toMatchObject({
      remoteMta: undefined,
      diagnosticCode: { type: 'x-posthouse', value: 'No.' },
    });
  });

  test('of a failure for many, alike and not', async () => {
    const others = ['c@x.test', 'd@x.test', 'e@x.test'].map((address) =>
      fate({ ...FAILED, status: status('5.2.2') }, { forwardPath: mailbox(address) }),
    );
    expect((await compose({ fates: others })).lines.slice(0, 2)).toEqual([
      'Your message to c@x.test, d@x.test and e@x.test was not delivered: the mailbox is full.',
      'What to do: let the recipient know in another way, then send the message again.',
    ]);
    const { lines } = await compose({ fates: [fate(FAILED), ...others] });
    expect(lines.slice(0, 2)).toEqual([
      'Your message was not delivered to bob@example.net, c@x.test, d@x.test and 1 more, for more than one reason.',
      'What to do: see the advice for each of them below.',
    ]);
    expect(lines).toContain('  Not delivered: the mailbox is full.');
  });

  test('of a delay', async () => {
    const delayed = fate(DELAYED, { willRetryUntil: AT + 432_000_000, lastAttemptAt: AT });
    const { lines, read } = await compose({ fates: [delayed] });
    expect(lines.slice(0, 2)).toEqual([
      'Your message to bob@example.net has not been delivered yet.',
      'What to do: nothing. It is tried again until Sat, 17 Jan 2026 09:15:30 +0000. You will be told if that fails.',
    ]);
    expect(read.recipients).toMatchObject([
      { action: 'delayed', lastAttemptAt: AT, willRetryUntil: AT + 432_000_000 },
    ]);
  });

  test.for([
    ['delivered', DELIVERED, 'was delivered.'],
    ['relayed', RELAYED, 'was passed on to mail servers that do not report any further.'],
    ['expanded', EXPANDED, 'was passed on to the members behind the address.'],
  ] as const)('of a success: %s', async ([action, outcome, happened]) => {
    const { lines, read } = await compose({ fates: [fate(outcome)] });
    expect(lines[0]).toBe(`Your message to bob@example.net ${happened}`);
    expect(lines[1]).toMatch(/^What to do: nothing\./);
    expect(read.recipients[0]?.action).toBe(action);
    expect(read.returned?.kind).toBe('headers');
  });

  test('for the postmaster', async () => {
    const [notification] = decideNotifications({ reversePath: '<>' }, [fate(FAILED)], {
      postmaster: POSTMASTER,
    });
    if (notification === undefined) throw new TypeError('nothing to tell');
    const { lines, dsn } = await compose({ notification });
    expect(lines[0]).toBe(
      'A message without an author, so mostly a notification, was not delivered to bob@example.net.',
    );
    expect(dsn.forwardPath).toEqual(POSTMASTER);
  });
});

describe('the address', () => {
  test('is named as the author wrote it', async () => {
    const params = { orcpt: { type: 'rfc822', address: 'team@example.org' } };
    const { lines, read } = await compose({ fates: [fate(FAILED, { params })] });
    expect(lines[0]).toContain('Your message to team@example.org ');
    expect(lines).toContain('  Passed on to bob@example.net');
    expect(read.recipients[0]).toMatchObject({
      originalRecipient: { type: 'rfc822', value: 'team@example.org' },
      finalRecipient: { type: 'rfc822', value: 'bob@example.net' },
    });
  });

  test('of the author may need quotes', async () => {
    const to = mailbox('"a b, c"@example.org');
    const { octets } = await compose({
      notification: { kind: 'failure', to, audience: 'author', fates: [fate(FAILED)] },
    });
    expect(octets).toMatch(/\r\nTo: <?"a b, c"@example\.org>?\r\n/);
  });
});

describe("the peer's words", () => {
  test('of many lines and any length come through exactly', async () => {
    const reply = readReply(550, [
      '5.7.1 Our  system has detected that this message is',
      '5.7.1 likely unsolicited; see',
      `5.7.1 https://example.net/${'x'.repeat(200)}`,
    ]);
    const { lines, read } = await compose({ fates: [fate({ ...FAILED, reply })] });
    expect(lines).toContain('    550-5.7.1 Our  system has detected that this message is');
    expect(lines).toContain(`    550 5.7.1 https://example.net/${'x'.repeat(200)}`);
    expect(read.recipients[0]?.diagnosticCode?.value).toBe(
      '550-5.7.1 Our  system has detected that this message is 550-5.7.1 likely unsolicited; see ' +
        `550 5.7.1 https://example.net/${'x'.repeat(200)}`,
    );
  });

  test('outside ASCII are escaped for programs, and whole for people', async () => {
    const reply = readReply(550, ['5.1.1 Benutzer unbekannt: übel']);
    const { lines, read, dsn } = await compose({ fates: [fate({ ...FAILED, reply })] });
    expect(lines).toContain('    550 5.1.1 Benutzer unbekannt: übel');
    expect(read.recipients[0]?.diagnosticCode?.value).toBe(
      '550 5.1.1 Benutzer unbekannt: \\x{FC}bel',
    );
    expect(dsn.mailParams).toEqual({ body: '7BIT' });
  });
});

describe('what is returned', () => {
  const eightBit = Buffer.from('Subject: x\r\n\r\nGr\u00fc\u00dfe\r\n', 'latin1');

  test('a small message whole, octet by octet', async () => {
    for (const content of [Buffer.from('Subject: x\r\n\r\nno end of line'), eightBit]) {
      const { read } = await compose({ content });
      expect(read.returned?.kind).toBe('message');
      expect(read.returned?.bytes.equals(content)).toBe(true);
    }
  });

  test('8-bit content makes the notification 8-bit', async () => {
    expect((await compose({ content: eightBit })).octets).toContain(
      'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n',
    );
  });

  test('an international message as such', async () => {
    const content = 'Subject: Grüße\r\n\r\nhallo\r\n';
    const whole = await compose({ content });
    expect(whole.octets).toContain('Content-Type: message/global\r\n');
    expect(whole.read.returned).toMatchObject({ kind: 'message', subject: 'Grüße' });
    const headers = await compose({ content, params: { ret: 'HDRS' } });
    expect(headers.octets).toContain('Content-Type: message/global-headers\r\n');
    expect(headers.dsn.mailParams.body).toBe('7BIT');
    expect(headers.read.returned).toMatchObject({ kind: 'headers', subject: 'Grüße' });
    expect(whole.read.text).toContain('Subject: Grüße');
  });

  test('headers of unknown octets are encoded', async () => {
    const content = Buffer.from('Subject: Gr\u00fc\u00dfe\r\n\r\n', 'latin1');
    const { octets, read } = await compose({ content, params: { ret: 'HDRS' } });
    expect(octets).toContain(
      'Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n',
    );
    expect(read.returned?.bytes.toString('latin1')).toBe('Subject: Gr\u00fc\u00dfe\r\n');
  });

  test('the headers alone, where a line is too long to travel', async () => {
    const content = `Subject: x\r\n\r\n${'y'.repeat(999)}\r\n`;
    expect((await compose({ content })).read.returned).toMatchObject({ kind: 'headers' });
    const long = `X-Long: ${'y'.repeat(999)}\r\nSubject: x\r\n\r\n`;
    expect((await compose({ content: long })).read.returned).toMatchObject({ subject: 'x' });
  });

  test('nothing, where there were no headers', async () => {
    const { read } = await compose({ content: '\r\nhello\r\n', params: { ret: 'HDRS' } });
    expect(read.recipients).toHaveLength(1);
  });

  test('what came over TLS alone goes back so, and without its body', async () => {
    const { dsn, read } = await compose({ params: { requireTls: true, ret: 'FULL' } });
    expect(dsn.mailParams).toEqual({ body: '7BIT', requireTls: true });
    expect(read.returned?.kind).toBe('headers');
  });
});

describe('an international message', () => {
  const JURGEN = fate(FAILED, {
    forwardPath: mailbox('jürgen@xn--bcher-kva.test'),
    params: { orcpt: { type: 'utf-8', address: 'jürgen@bücher.test' } },
  });

  test('has an international status', async () => {
    const { octets, read, lines } = await compose({ fates: [JURGEN], params: { smtpUtf8: true } });
    expect(octets).toContain('Content-Type: message/global-delivery-status\r\n');
    expect(lines[0]).toContain('Your message to jürgen@bücher.test ');
    expect(read.recipients[0]).toMatchObject({
      finalRecipient: { type: 'utf-8', value: 'jürgen@xn--bcher-kva.test' },
      originalRecipient: { type: 'utf-8', value: 'jürgen@bücher.test' },
    });
  });

  test('or an escaped one, where it did not come as one', async () => {
    const { octets, read } = await compose({ fates: [JURGEN] });
    expect(octets).toContain('Final-Recipient: utf-8; j\\x{FC}rgen@xn--bcher-kva.test\r\n');
    expect(read.recipients[0]?.finalRecipient?.value).toBe('jürgen@xn--bcher-kva.test');
  });

  test('from an international author needs SMTPUTF8 on its way back', async () => {
    const to = mailbox('jörg@example.org');
    const { dsn, octets } = await compose({
      notification: { kind: 'failure', to, audience: 'author', fates: [fate(FAILED)] },
      params: { smtpUtf8: true },
    });
    expect(dsn.mailParams).toEqual({ body: '8BITMIME', smtpUtf8: true });
    expect(Buffer.from(octets, 'latin1').toString()).toMatch(/\r\nTo: <?jörg@example\.org>?\r\n/);
  });
});

test('what an author or a peer wrote cannot add a field or a part', async () => {
  const subject = '=?utf-8?Q?a=0D=0AX-Evil:_1=0D=0A=0D=0Ab?=';
  const evil = readReply(550, ['5.1.1 a\r\nX-Evil: 2\r\n\r\nFinal-Recipient: rfc822; x@y.test']);
  const { octets, read } = await compose({
    content: `Subject: ${subject}\r\n\r\n`,
    fates: [
      fate(
        { ...FAILED, reply: evil, reason: 'a\r\nX-Evil: 3', host: { name: 'h\r\nX-Evil: 4' } },
        { params: { orcpt: { type: 'rfc822', address: 'a\r\nX-Evil: 5@x.test' } } },
      ),
    ],
  });
  expect(octets).not.toMatch(/^X-Evil/m);
  expect(read.recipients).toHaveLength(1);
});

test('many recipients are all in the status, and some in the text', async () => {
  const fates = Array.from({ length: 250 }, (_, i) =>
    fate(FAILED, { forwardPath: mailbox(`r${i}@example.net`) }),
  );
  const { read, lines } = await compose({ fates });
  expect(read.recipients).toHaveLength(250);
  expect(lines).toContain('... and 150 more; the attached delivery status lists them all.');
  expect(lines[0]).toContain('r0@example.net, r1@example.net, r2@example.net and 247 more');
});

test('an answer to the message, where it had an id', async () => {
  const { message } = await reportOf({});
  const messageId = parseMessageId('<lunch@example.org>');
  if (messageId === undefined) throw new TypeError('no Message-ID');
  const { octets, lines } = await compose({ facts: { message: { ...message, messageId } } });
  expect(octets).toContain(
    '\r\nIn-Reply-To: <lunch@example.org>\r\nReferences: <lunch@example.org>\r\n',
  );
  expect(lines).toContain('  Message-ID: <lunch@example.org>');
});
