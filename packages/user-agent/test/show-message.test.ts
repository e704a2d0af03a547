import { createHash } from 'node:crypto';
import { composeDsn } from '@posthouse/dsn';
import { enhancedStatus, newTransactionId, readContent, readReply } from '@posthouse/mail';
import { domain, mailbox } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { compose } from '../src/compose/compose.ts';
import type { Draft } from '../src/compose/draft.ts';
import { createMaildirReader } from '../src/reading/maildir-reader.ts';
import type { MaildirReader } from '../src/reading/maildir-reader.ts';
import type { ShownMessage } from '../src/reading/show-message.ts';
import { sampleMaildir, sampleMessage } from './sample-maildir.ts';

async function delivered(
  content: string | Buffer,
  maxTextBytes?: number,
): Promise<{ reader: MaildirReader; id: string }> {
  const maildir = await sampleMaildir();
  const stored = Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  const octets = typeof content === 'string' ? content : stored;
  const id = await maildir.deliver(octets);
  return { reader: createMaildirReader({ ...maildir, maxTextBytes }), id };
}

async function shown(content: string | Buffer, maxTextBytes?: number): Promise<ShownMessage> {
  const { reader, id } = await delivered(content, maxTextBytes);
  return reader.show({ id });
}

async function octetsOf(draft: Partial<Draft>): Promise<Buffer> {
  const message = await compose({ from: 'alice@example.com', to: 'bob@example.org', ...draft });
  return readContent(message.content, 100_000_000);
}

const ALTERNATIVE = (plain: string, html: string): string =>
  sampleMessage(
    'x',
    `--b\nContent-Type: text/plain; charset=utf-8\n\n${plain}\n--b\nContent-Type: text/html; charset=utf-8\n\n${html}\n--b--\n`,
    'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n',
  );

describe('show', () => {
  it('shows the plain text of a message, what is attached, and who may be answered', async () => {
    const message = await shown(
      await octetsOf({
        subject: 'Grüße',
        replyTo: 'Desk <desk@example.com>',
        text: 'Zeile 1\nZeile 2\n',
        html: '<p>not shown <img src="cid:logo"></p>',
        attachments: [
          {
            content: Buffer.alloc(3000, 7),
            filename: 'Bücher.pdf',
            contentType: 'application/pdf',
          },
          { content: Buffer.alloc(10), contentType: 'image/png', cid: 'logo' },
        ],
      }),
    );
    expect(message).toMatchObject({
      subject: 'Grüße',
      replyTo: [{ name: 'Desk', address: 'desk@example.com' }],
      text: 'Zeile 1\nZeile 2\n',
      cut: false,
      notification: undefined,
      damage: undefined,
    });
    expect(message.attachments).toEqual([
      {
        part: 3,
        contentType: 'image/png',
        filename: '',
        safeName: 'part-3.png',
        cid: 'logo',
        sizeBytes: 10,
      },
      {
        part: 4,
        contentType: 'application/pdf',
        filename: 'Bücher.pdf',
        safeName: 'Bücher.pdf',
        cid: undefined,
        sizeBytes: 3000,
      },
    ]);
  });

  it('turns HTML into text where there is nothing else', async () => {
    const html =
      '<style>p{color:red}</style><script>alert(1)</script><h1>Hi</h1><p>a <b>b</b>&nbsp;&#27;[31m &amp; <a href="https://example.com/">link</a></p>';
    const { text } = await shown(await octetsOf({ html }));
    expect(text).toMatch(/^HI\n/);
    expect(text).toContain('link [https://example.com/]');
    expect(text).not.toMatch(/alert|color|<|\u001b/);
    expect((await shown(ALTERNATIVE('', '<p>only here</p>'))).text).toBe('only here\n');
    expect((await shown(ALTERNATIVE('plain', '<p>html</p>'))).text).toBe('plain\n');
  });

  it('shows every text of a message that has several', async () => {
    const mixed = ALTERNATIVE('first', '<p>second</p>').replace(
      'multipart/alternative',
      'multipart/mixed',
    );
    expect((await shown(mixed)).text).toBe('first\n\nsecond\n');
  });

  it('reads charsets and flowed lines', async () => {
    const body = Buffer.from(`caf\xe9 \nflows\n`, 'latin1');
    const head = sampleMessage(
      'x',
      '',
      'Content-Type: text/plain; format=flowed;\n charset=iso-8859-1\n',
    );
    expect((await shown(Buffer.concat([Buffer.from(head), body]))).text).toBe('café flows\n');
    const japanese = sampleMessage(
      'x',
      '\u001b$B$3$s$K$A$O\u001b(B\n',
      'Content-Type: text/plain; charset=iso-2022-jp\n',
    );
    expect((await shown(japanese)).text).toBe('こんにちは\n');
    const unknown = sampleMessage(
      'x',
      'plain\n',
      'Content-Type: text/plain; charset=x-nobody-knows\n',
    );
    expect((await shown(unknown)).text).toBe('plain\n');
  });

  it('obeys no control character of a stranger', async () => {
    const { text } = await shown(sampleMessage('x', 'a\u001b]0;title\u0007b\rc\u009bd\n'));
    expect(text).toBe('a\ufffd]0;title\ufffdb\nc\ufffdd\n');
  });

  it('shows the beginning of a long text only', async () => {
    const { text, cut, attachments } = await shown(
      sampleMessage('x', 'line\n'.repeat(100_000)),
      1000,
    );
    expect([text.length, cut, attachments]).toEqual([1000, true, []]);
    const html = await shown(ALTERNATIVE('', '<p>x</p>'.repeat(50_000)), 1000);
    expect(html.cut).toBe(true);
    expect(html.text.length).toBeLessThan(1100);
  });

  it('shows what there is of a broken message', async () => {
    expect(await shown('')).toMatchObject({ text: '', subject: '', damage: undefined });
    expect(await shown(ALTERNATIVE('plain', 'x').replace('--b--', ''))).toMatchObject({
      text: 'plain\n',
    });
    const flood = `${'--b\n\nx\n'.repeat(2000)}--b--`;
    for (const first of ['first', 'x'.repeat(300_000)]) {
      const message = await shown(ALTERNATIVE(first, 'x').replace('--b--', flood));
      expect(message.damage).toMatch(/Max allowed child nodes/i);
      expect(message.subject).toBe('x');
    }
    const base64 = sampleMessage('x', '!!!not base64!!!\n', 'Content-Transfer-Encoding: base64\n');
    expect((await shown(base64)).damage).toBeUndefined();
    const deep = '<div>'.repeat(5000);
    const nested = await shown(await octetsOf({ html: deep }));
    expect(nested.text).toContain('cannot be shown');
  });

  it('shows a message within a message as an attachment', async () => {
    const message = await shown(
      await octetsOf({
        text: 'see below',
        attachments: [{ content: 'Subject: inner\n\nsecret\n', contentType: 'message/rfc822' }],
      }),
    );
    expect(message.text).toBe('see below\n');
    expect(message.attachments).toMatchObject([
      { contentType: 'message/rfc822', safeName: 'part-2.rfc822' },
    ]);
  });

  it('shows a delivery notification as what it says', async () => {
    const returned = Buffer.from(
      'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n',
    );
    const dsn = await composeDsn({
      notification: {
        kind: 'failure',
        to: mailbox('alice@example.com'),
        audience: 'author',
        fates: [
          {
            forwardPath: mailbox('nobody@example.org'),
            params: { orcpt: { type: 'rfc822', address: 'somebody@example.org' } },
            outcome: {
              kind: 'failed',
              status: enhancedStatus(5, 1, 1),
              reason: 'refused',
              proof: 'peer-reply',
              reply: readReply(550, ['5.1.1 No such user here']),
              host: { name: 'mx.example.org' },
            },
          },
        ],
      },
      message: {
        id: newTransactionId(0),
        params: {},
        origin: { greeting: '' },
        acceptedAt: 0,
      },
      returned: { kind: 'message', bytes: returned },
      reportingMta: domain('mail.example.com'),
      id: newTransactionId(1),
      madeAt: 0,
    });
    const message = await shown(dsn.bytes);
    expect(message.report).toBe(true);
    expect(message.notification?.recipients).toMatchObject([{ action: 'failed' }]);
    expect(message.text).toMatchInlineSnapshot(`
      "The message "Grüße" could not be delivered to nobody@example.org.
      It was written to: somebody@example.org
      mx.example.org said: 550 5.1.1 No such user here
      Status: 5.1.1

      Reported by mail.example.com.
      "
    `);
  });

  it('shows what only looks like a notification as an ordinary message', async () => {
    const fields = 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n';
    const message = await shown(sampleMessage('x', '--b\n\nwords\n--b--\n', fields));
    expect(message).toMatchObject({ report: true, notification: undefined, text: 'words\n' });
  });
});

describe('saveAttachments', () => {
  it('streams them to where the caller says', async () => {
    const big = Buffer.alloc(3_000_000, 'octets');
    const { reader, id } = await delivered(
      await octetsOf({
        text: 'x',
        attachments: [
          { content: big, filename: 'a.bin' },
          { content: 'other', filename: 'a.bin' },
          { content: 'skipped', filename: '../../etc/passwd' },
          { content: '', filename: '.bashrc' },
        ],
      }),
    );
    const sums: Record<string, string> = {};
    const names: string[] = [];
    const saved = await reader.saveAttachments({ id }, (attachment) => {
      names.push(attachment.safeName);
      if (attachment.safeName === 'passwd') return undefined;
      const hash = createHash('sha256');
      return {
        write: async (chunk) => void hash.update(chunk),
        end: async () => void (sums[attachment.safeName] = hash.digest('hex')),
      };
    });
    const sha = (content: Buffer | string): string =>
      createHash('sha256').update(content).digest('hex');
    expect(names).toEqual(['a.bin', 'a (2).bin', 'passwd', 'bashrc']);
    expect(sums).toEqual({ 'a.bin': sha(big), 'a (2).bin': sha('other'), bashrc: sha('') });
    expect(saved.map(({ sizeBytes }) => sizeBytes)).toEqual([3_000_000, 5, 0]);
  });

  it('tells the failure of a writer, whatever it is', async () => {
    const { reader, id } = await delivered(
      await octetsOf({ text: 'x', attachments: [{ content: 'y' }] }),
    );
    const failure = Object.assign(new Error('no such directory'), {
      code: 'ENOENT',
      path: '/elsewhere',
    });
    await expect(reader.saveAttachments({ id }, () => Promise.reject(failure))).rejects.toBe(
      failure,
    );
    const writer = { write: () => Promise.reject(failure), end: () => Promise.resolve() };
    await expect(reader.saveAttachments({ id }, () => writer)).rejects.toBe(failure);
  });
});
