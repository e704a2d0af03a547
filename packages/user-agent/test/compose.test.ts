import { simpleParser } from 'mailparser';
import type { AddressObject, ParsedMail } from 'mailparser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMailbox, formatPath, readContent, readHeaderSection } from '@posthouse/mail';
import { compose } from '../src/compose/compose.ts';
import type { ComposedMessage } from '../src/compose/compose.ts';
import type { Draft } from '../src/compose/draft.ts';
import { DraftError } from '../src/compose/draft-error.ts';

const plain: Draft = {
  from: 'alice@example.com',
  to: 'bob@example.org',
  subject: 'Hi',
  text: 'Hello\n',
};

async function octetsOf(message: ComposedMessage): Promise<Buffer> {
  const octets = await readContent(message.content, 50_000_000);
  expect(octets.length).toBe(message.content.sizeBytes);
  return octets;
}

async function roundTrip(draft: Draft): Promise<ParsedMail> {
  return simpleParser(await octetsOf(await compose(draft)));
}

function textOf(addresses: AddressObject | AddressObject[] | undefined): string | undefined {
  return [addresses].flat()[0]?.text;
}

async function problemsOf(draft: Draft): Promise<readonly string[]> {
  const error: unknown = await compose(draft).catch((thrown: unknown) => thrown);
  if (!(error instanceof DraftError)) throw new Error('the draft was taken', { cause: error });
  return error.problems.map(({ place, text }) => `${place}: ${text}`);
}

describe('compose', () => {
  it('makes a message that another parser reads the same', async () => {
    const parsed = await roundTrip({
      from: { name: 'Ærlig, "Alice"', address: 'alice@bücher.example' },
      sender: 'secretary@example.com',
      replyTo: 'Desk <desk@example.com>',
      to: ['Bob <bob@example.org>, carol@example.org', { address: 'dan@example.org' }],
      cc: 'Friends: eve@example.net, frank@example.net;',
      subject: 'Grüße an alle 🎉',
      text: 'Line one\nLine two\r\n.\r\nFrom here\r',
      html: '<p>Look: <img src="cid:logo@example"></p>',
      attachments: [
        { content: Buffer.from([1, 2, 3]), contentType: 'image/png', cid: 'logo@example' },
        { content: 'a\nb\r\nc\r', filename: 'notes für dich.txt' },
      ],
      date: Date.UTC(2026, 10, 23, 13, 0, 0),
      messageId: '<1@example.com>',
      inReplyTo: '<0@example.com>',
      references: ['<a@example.com>', '<0@example.com>'],
      fields: [{ name: 'X-Ticket', value: 'Nr. 7 – neu' }],
    });
    expect(textOf(parsed.from)).toBe('"Ærlig, \\"Alice\\"" <alice@bücher.example>');
    expect(textOf(parsed.to)).toBe('"Bob" <bob@example.org>, carol@example.org, dan@example.org');
    expect(textOf(parsed.cc)).toBe('eve@example.net, frank@example.net');
    expect(textOf(parsed.replyTo)).toBe('"Desk" <desk@example.com>');
    expect(parsed.subject).toBe('Grüße an alle 🎉');
    expect(parsed.text).toBe('Line one\nLine two\n.\nFrom here\n');
    expect(parsed.html).toContain('data:image/png;base64,AQID');
    expect(parsed.date?.toISOString()).toBe('2026-11-23T13:00:00.000Z');
    expect([parsed.messageId, parsed.inReplyTo]).toEqual(['<1@example.com>', '<0@example.com>']);
    expect(parsed.references).toEqual(['<a@example.com>', '<0@example.com>']);
    expect(parsed.headers.get('x-ticket')).toBe('=?UTF-8?Q?Nr=2E_7_=E2=80=93_neu?=');
    expect(
      parsed.attachments.map((one) => [one.filename, one.related, one.content.toString()]),
    ).toEqual([
      [undefined, true, '\u0001\u0002\u0003'],
      ['notes für dich.txt', undefined, 'a\nb\r\nc\r'],
    ]);
  });

  it('derives the envelope, and tells nobody of Bcc', async () => {
    const message = await compose({
      ...plain,
      sender: 'desk@example.com',
      cc: 'BOB@example.org, bob@EXAMPLE.org',
      bcc: 'Secret <secret@example.net>',
      // A random one may have "bcc" among its digits.
      messageId: '<1@example.com>',
    });
    expect(formatPath(message.reversePath)).toBe('<desk@example.com>');
    expect(message.recipients.map(formatMailbox)).toEqual([
      'bob@example.org',
      'BOB@example.org',
      'secret@example.net',
    ]);
    expect((await octetsOf(message)).toString()).not.toMatch(/secret|bcc/i);
    const silent = await compose({ ...plain, reversePath: '<>' });
    expect(silent.reversePath).toBe('<>');
  });

  it('asks for SMTPUTF8 exactly where an address needs it', async () => {
    expect((await compose(plain)).params.smtpUtf8).toBeUndefined();
    expect((await compose({ ...plain, to: 'bob@bücher.example' })).params.smtpUtf8).toBeUndefined();
    const message = await compose({ ...plain, replyTo: 'jürgen@bücher.example' });
    expect(message.params).toMatchObject({ smtpUtf8: true, body: '8BITMIME' });
    expect(textOf((await simpleParser(await octetsOf(message))).replyTo)).toBe(
      'jürgen@bücher.example',
    );
  });

  it('names every mistake at once', async () => {
    const draft: Draft = {
      from: 'alice@example.com, bob@example.com',
      to: ['nobody', 'a@b@example.com', '"<x>"@example.com'],
      reversePath: 'none',
      messageId: 'x',
      attachments: [{ content: '', contentType: 'text\r\nX: y', cid: 'a b' }],
      fields: [
        { name: 'Bcc', value: 'x@example.com' },
        { name: 'X-A\r\nBcc', value: 'x' },
        { name: 'X-B', value: 'x\r\nBcc: y@example.com' },
      ],
      date: Number.NaN,
    };
    expect(await problemsOf(draft)).toMatchInlineSnapshot(`
      [
        "from: it takes one address only",
        "to: "nobody" is not an address: it should be like name@example.com",
        "to: "a@b@example.com" is not an address: it should be like name@example.com",
        "to: "\\"<x>\\"@example.com" has angle brackets, which cannot be written",
        "reversePath: "none" is not an address",
        "messageId: "x" is not a Message-ID: it should be like <1@example.com>",
        "fields[0]: Bcc cannot be set as a field of one's own",
        "fields[1]: "X-A\\r\\nBcc" is not the name of a header field",
        "fields[2]: the value of X-B must be one line without control characters",
        "attachments[0].contentType: "text\\r\\nX: y" is not a type: it should be like image/png",
        "attachments[0].cid: "a b" cannot stand in a link: use letters, digits, - _ . @",
        "date: it is not a time",
      ]
    `);
    expect(await problemsOf({ from: 'alice@example.com' })).toEqual([
      'to: nobody is named to send it to',
    ]);
    expect(await problemsOf({ ...plain, subject: 'x'.repeat(1000) })).toEqual([
      'subject: it has a word that is too long',
    ]);
  });

  it('opens no path and no URL', async () => {
    const text = await octetsOf(
      await compose({
        ...plain,
        html: '<img src="https://example.com/a.png"><img src="file:///etc/hostname">',
        attachments: [{ content: 'x', filename: '/etc/hostname' }],
      }),
    );
    expect((await simpleParser(text)).attachments.map(({ content }) => content.toString())).toEqual(
      ['x'],
    );
  });

  it('attaches a message as it is where every mail system can carry it', async () => {
    const inner = 'Subject: inner\n\nbody\n';
    const types = async (content: string): Promise<unknown> =>
      (
        await roundTrip({ ...plain, attachments: [{ content, contentType: 'message/rfc822' }] })
      ).attachments.map((one) => [one.contentType, one.content.toString()]);
    expect(await types(inner)).toEqual([['message/rfc822', inner.replaceAll('\n', '\r\n')]]);
    expect(await types('Subject: ü\n\n')).toEqual([['application/octet-stream', 'Subject: ü\n\n']]);
    expect(await types(`x: ${'y'.repeat(999)}`)).toMatchObject([['application/octet-stream', {}]]);
  });

  it('builds a large message again for each reading, always the same', async () => {
    let opened = 0;
    async function* content(): AsyncIterable<Uint8Array> {
      opened++;
      for (let i = 0; i < 300; i++) yield Buffer.alloc(10_001, i);
    }
    const message = await compose({ ...plain, attachments: [{ content, filename: 'large.bin' }] });
    const first = await octetsOf(message);
    expect((await octetsOf(message)).equals(first)).toBe(true);
    expect(opened).toBe(3);
    const [attachment] = (await simpleParser(first)).attachments;
    expect(attachment?.size).toBe(3_000_300);
  });

  it('ends the reading of a large message that has changed', async () => {
    let length = 2_000_000;
    async function* content(): AsyncIterable<Uint8Array> {
      yield Buffer.alloc(length);
    }
    const message = await compose({ ...plain, attachments: [{ content }] });
    for (const changed of [1_900_000, 2_100_000]) {
      length = changed;
      await expect(readContent(message.content, 50_000_000)).rejects.toThrow('changed');
    }
  });

  it('tells what an attachment that cannot be read says', async () => {
    async function* content(): AsyncIterable<Uint8Array> {
      yield Buffer.from('x');
      throw new Error('the disk is gone');
    }
    await expect(compose({ ...plain, attachments: [{ content }] })).rejects.toThrow('disk is gone');
  });
});

describe('header fields', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          '\r\n',
          '\n',
          '\r',
          '\0',
          'Bcc: eve@example.com',
          ' ',
          'ü',
          '=?utf-8?q?=0D=0A?=',
          '"',
          '\\',
          '<',
          '>',
          ',',
          ';',
          '\u2028',
          'x',
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );
  const known =
    /^(?:from|to|subject|message-id|in-reply-to|references|reply-to|sender|cc|date|mime-version|content-type|content-transfer-encoding|content-disposition|content-id|x-own)$/;

  it('cannot be added through any text of a draft', async () => {
    const drafts = fc.record({
      name: nasty,
      address: nasty,
      subject: nasty,
      text: nasty,
      html: nasty,
      filename: nasty,
      contentType: nasty,
      cid: nasty,
      messageId: nasty,
      value: nasty,
      own: nasty,
      path: nasty,
      only: fc.nat(9),
    });
    await fc.assert(
      fc.asyncProperty(drafts, async (evil) => {
        // Most nasty texts make a draft invalid, so one place at a time is nasty where it may be refused.
        const at = <T>(place: number, text: string, otherwise: T): string | T =>
          evil.only === place ? text : otherwise;
        const draft: Draft = {
          from: { name: evil.name, address: at(0, evil.address, 'alice@example.com') },
          to: [
            { name: evil.name, address: 'bob@example.org' },
            at(1, evil.address, 'c@example.org'),
          ],
          subject: evil.subject,
          text: evil.text,
          html: evil.html,
          attachments: [
            {
              content: evil.text,
              filename: evil.filename,
              contentType: at(2, evil.contentType, undefined),
              cid: at(3, evil.cid, undefined),
            },
          ],
          messageId: at(4, evil.messageId, undefined),
          inReplyTo: at(5, evil.messageId, undefined),
          references: [at(6, evil.messageId, '<a@b>')],
          fields: [{ name: at(7, evil.own, 'X-Own'), value: at(8, evil.value, 'mine') }],
          reversePath: at(9, evil.path, undefined),
        };
        const message = await compose(draft).catch((error: unknown) => {
          if (!(error instanceof DraftError)) throw error;
          return undefined;
        });
        if (message === undefined) return;
        const octets = await octetsOf(message);
        const section = readHeaderSection(octets);
        expect(section.terminated).toBe(true);
        const names = section.fields.map((field) => field.name);
        if (evil.only !== 7) expect(names.filter((name) => !known.test(name))).toEqual([]);
        expect(new Set(names).size).toBe(names.length);
        const international = message.params.smtpUtf8 === true;
        expect(international || octets.every((octet) => octet < 0x80)).toBe(true);
        const lines = octets.toString('latin1').split('\r\n');
        expect(lines.filter((line) => /[\r\n\0]/.test(line) || line.length > 998)).toEqual([]);
        const parsed = await simpleParser(octets);
        expect(parsed.headers.has('bcc')).toBe(false);
        for (const { content } of parsed.attachments) {
          expect(content.toString()).toBe(evil.text.toWellFormed());
        }
        expect(parsed.subject ?? '').not.toMatch(/[\r\n]/);
      }),
      { numRuns: 400 },
    );
  });
});
