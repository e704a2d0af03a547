import { formatMailbox, readHeaderSection } from '@posthouse/mail';
import { domain, mailbox } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { completeHeader } from '../src/complete-header.ts';

function complete(
  header: string,
  fullName = '',
): { text: string; recipients: readonly string[]; unreadable: string | undefined } {
  const section = readHeaderSection(Buffer.from(header.replaceAll('\n', '\r\n')));
  const { octets, recipients, unreadable } = completeHeader(section, {
    now: Date.UTC(2026, 0, 1),
    ids: ['ONE', 'TWO'],
    hostname: domain('host.test'),
    domain: domain('example.test'),
    author: mailbox('www@example.test'),
    fullName,
  });
  return {
    text: octets.toString().replaceAll('\r\n', '\n'),
    recipients: recipients.map(formatMailbox),
    unreadable,
  };
}

describe('completeHeader', () => {
  it('adds Date, From and Message-ID where they are missing', () => {
    expect(complete('Subject: x\n\n', 'Web Server').text).toBe(
      'Subject: x\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nFrom: Web Server <www@example.test>\nMessage-ID: <ONE@host.test>\n\n',
    );
    const whole = 'Date: x\nFrom: <a@b.test>\nMessage-ID: <1@b.test>\n\n';
    expect(complete(whole, 'Web Server').text).toBe(whole);
  });

  it.each([
    ['', 'www@example.test'],
    ['CronDaemon', 'CronDaemon <www@example.test>'],
    ['Dr. "X"', '"Dr. \\"X\\"" <www@example.test>'],
    ['Jörg', '=?utf-8?B?SsO2cmc=?= <www@example.test>'],
    ['a\r\nBcc: b@c.test', '"a Bcc: b@c.test" <www@example.test>'],
  ])('writes the full name %j so that it is one', (name, from) => {
    expect(complete('\n', name).text).toContain(`From: ${from}\n`);
  });

  it('keeps encoded words short', () => {
    const { text } = complete('\n', 'ö'.repeat(200));
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(82);
  });

  it('completes names alone and reads recipients', () => {
    const header =
      'From: root (Cron Daemon)\nTo: root, Bob <bob@b.test>\nCc: "a b"\nBcc: secret@c.test,\n eve\n\n';
    const { recipients, text } = complete(header);
    expect(recipients).toEqual([
      'root@example.test',
      'bob@b.test',
      '"a b"@example.test',
      'secret@c.test',
      'eve@example.test',
    ]);
    expect(text).toContain(
      'From: root@example.test (Cron Daemon)\nTo: root@example.test, Bob <bob@b.test>\n',
    );
    expect(text).not.toMatch(/bcc|secret|eve/i);
  });

  it('a message that is sent on goes to its Resent- recipients and gets Resent- fields in front', () => {
    const { recipients, text } = complete(
      'From: a@b.test\nTo: old@b.test\nResent-To: new@c.test\nResent-Bcc: eve@c.test\nDate: x\nMessage-ID: <1@b>\n\n',
    );
    expect(recipients).toEqual(['new@c.test', 'eve@c.test']);
    expect(text).toMatch(
      /^Resent-Date: .*\nResent-From: www@example.test\nResent-Message-ID: <ONE@host.test>\nFrom: a@b.test\nTo: old@b.test\nResent-To: new@c.test\nDate: x\nMessage-ID: <1@b>\n\n$/,
    );
  });

  it('names what cannot be read, and leaves octets that are no UTF-8 alone', () => {
    expect(complete('To: two words\n\n').unreadable).toBe('to: two words');
    const section = readHeaderSection(Buffer.from('To: J\xf6rg <root>\r\n\r\n', 'latin1'));
    const facts = {
      now: 0,
      ids: ['1', '2'],
      hostname: domain('h.test'),
      domain: domain('d.test'),
      author: mailbox('a@b.test'),
      fullName: '',
    } as const;
    expect(completeHeader(section, facts).octets.toString('latin1')).toContain(
      'To: J\xf6rg <root>',
    );
  });

  it('a message without a header section gets one', () => {
    expect(complete('just text\n').text).toMatch(/^Date: .*\nFrom: .*\nMessage-ID: .*\n\n$/);
  });
});
