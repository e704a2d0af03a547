import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MaildirError } from '../src/maildir/maildir-error.ts';
import { createMaildirReader } from '../src/reading/maildir-reader.ts';
import { sampleMaildir, sampleMessage } from './sample-maildir.ts';

async function kindOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof MaildirError)) throw new Error('no MaildirError', { cause: error });
  return error.kind;
}

describe('list', () => {
  it('shows the newest first, with what their header sections say', async () => {
    const maildir = await sampleMaildir();
    const first = await maildir.deliver(
      sampleMessage(
        '=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?IGFu?= alle',
        'x\n',
        'Cc: =?iso-8859-1?q?J=F6rg?= <joerg@example.net>,\n "Last, First" <first@example.net>\nMessage-ID: <1@x>\n',
      ),
      'RS',
    );
    const second = await maildir.deliver(sampleMessage('Second').replaceAll('\n', '\r\n'));
    const { messages, total, unreadable } = await createMaildirReader(maildir).list();
    expect([total, unreadable]).toEqual([2, 0]);
    expect(messages).toMatchObject([
      {
        id: second,
        subject: 'Second',
        fresh: true,
        from: [{ name: 'Alice', address: 'alice@example.com' }],
      },
      {
        id: first,
        folder: 'INBOX',
        subject: 'Grüße an alle',
        fresh: false,
        flags: {
          seen: true,
          answered: true,
          flagged: false,
          draft: false,
          forwarded: false,
          trashed: false,
        },
        cc: [
          { name: 'Jörg', address: 'joerg@example.net' },
          { name: 'Last, First', address: 'first@example.net' },
        ],
        date: Date.UTC(2026, 0, 1),
        messageId: '<1@x>',
        report: false,
      },
    ]);
  });

  it('shows one part after the other', async () => {
    const maildir = await sampleMaildir();
    for (let i = 0; i < 30; i++)
      await maildir.deliver(sampleMessage(`Nr. ${i}`), i % 2 === 0 ? '' : undefined);
    const reader = createMaildirReader(maildir);
    const subjects: string[] = [];
    for (let offset = 0; offset < 40; offset += 7) {
      const { messages, total } = await reader.list('INBOX', { limit: 7, offset });
      expect(total).toBe(30);
      subjects.push(...messages.map(({ subject }) => subject));
    }
    expect(subjects).toEqual(Array.from({ length: 30 }, (_, i) => `Nr. ${29 - i}`));
  });

  it('goes on past what is no message, and past messages that are broken', async () => {
    const maildir = await sampleMaildir();
    await mkdir(join(maildir.directory, 'cur', 'directory'));
    await writeFile(join(maildir.directory, 'cur', '.hidden'), 'x');
    await writeFile(join(maildir.directory, 'new', 'no-time'), '');
    await maildir.deliver(Buffer.from([0xff, 0, 0x0a, 0xfe]));
    await maildir.deliver('From x@y Thu Jan  1\nSubject: from an mbox\n\nbody\n');
    await maildir.deliver('Subject: \u001b[31mred\u0007 \u202egnp.exe\nFrom: <>\nDate: never\n\n');
    await maildir.deliver(`X-Long: ${'x'.repeat(600_000)}\nSubject: behind it\n\n`);
    const { messages, unreadable } = await createMaildirReader(maildir).list();
    expect(unreadable).toBe(1);
    expect(messages.map(({ subject, from, date }) => [subject, from.length, date])).toEqual([
      ['', 0, undefined],
      ['\ufffd[31mred\ufffd gnp.exe', 1, undefined],
      ['from an mbox', 0, undefined],
      ['', 0, undefined],
      ['', 0, undefined],
    ]);
  });

  it('says what there is not', async () => {
    const maildir = await sampleMaildir();
    const reader = createMaildirReader(maildir);
    expect(await kindOf(reader.list('Sent'))).toBe('no-such-folder');
    expect(await kindOf(reader.list('../../etc'))).toBe('no-such-folder');
    expect(await kindOf(reader.show({ id: '1.x' }))).toBe('no-such-message');
    expect(await kindOf(reader.show({ id: '../new/x' }))).toBe('no-such-message');
    const none = createMaildirReader({ directory: join(maildir.directory, 'none') });
    expect(await kindOf(none.list())).toBe('no-such-maildir');
    expect(await kindOf(none.folders())).toBe('no-such-maildir');
  });
});

describe('search', () => {
  it('finds what all criteria are true of', async () => {
    const maildir = await sampleMaildir();
    await maildir.deliver(sampleMessage('Invoice Nr. 7', 'to pay: nothing\n'), 'S');
    await maildir.deliver(
      sampleMessage(
        'Holiday',
        'The INVOICE is attached =C3=BC\n',
        'Cc: =?utf-8?q?M=C3=BCller?= <m@example.net>\nContent-Transfer-Encoding: quoted-printable\n',
      ),
    );
    await maildir.deliver(
      sampleMessage('Re: invoice nr. 7', 'thanks\n', 'Message-ID: <7@x>\n'),
      'F',
    );
    const reader = createMaildirReader(maildir);
    const find = async (
      criteria: Parameters<typeof reader.search>[0],
    ): Promise<readonly string[]> =>
      (await reader.search(criteria)).messages.map(({ subject }) => subject);
    expect(await find({})).toEqual(['Re: invoice nr. 7', 'Holiday', 'Invoice Nr. 7']);
    expect(await find({ subject: 'INVOICE' })).toEqual(['Re: invoice nr. 7', 'Invoice Nr. 7']);
    expect(await find({ words: 'MÜLLER' })).toEqual(['Holiday']);
    expect(await find({ to: 'bob@', subject: 'holi' })).toEqual(['Holiday']);
    expect(await find({ from: 'bob@' })).toEqual([]);
    expect(await find({ body: 'invoice is attached ü' })).toEqual(['Holiday']);
    expect(await find({ flags: { flagged: true } })).toEqual(['Re: invoice nr. 7']);
    expect(await find({ flags: { seen: false }, fresh: false })).toEqual(['Re: invoice nr. 7']);
    expect(await find({ messageId: '<7@x>' })).toEqual(['Re: invoice nr. 7']);
    const [newest] = (await reader.list()).messages;
    expect(await find({ since: newest?.arrivedAt })).toEqual(['Re: invoice nr. 7']);
    expect(await find({ before: newest?.arrivedAt })).toEqual(['Holiday', 'Invoice Nr. 7']);
    const page = await reader.search({ subject: 'invoice' }, 'INBOX', { limit: 1, offset: 1 });
    expect(page).toMatchObject({ total: 2, messages: [{ subject: 'Invoice Nr. 7' }] });
  });

  it('finds in bodies what show shows of them, whatever they are made of', async () => {
    const maildir = await sampleMaildir();
    const text = 'Grüße aus Köln\n';
    for (const [index, message] of formsOf(text).entries()) {
      const filler = `${index} ${'x'.repeat(76)}\n`.repeat(2000);
      await maildir.deliver(sampleMessage(`${index}`, filler));
      await maildir.deliver(Buffer.concat([Buffer.from(`Subject: form ${index}\n`), message]));
    }
    const reader = createMaildirReader(maildir);
    const shown: { readonly subject: string; readonly text: string }[] = [];
    for (const message of (await reader.list('INBOX', { limit: 100 })).messages) {
      shown.push(await reader.show(message));
    }
    for (const body of ['grüße aus köln', 'xxx', 'second', 'attached']) {
      const searches = [body, 'x'].map((each) =>
        reader.search({ body: each }, 'INBOX', { limit: 100 }),
      );
      const [found] = await Promise.all(searches);
      expect(found?.messages.map(({ subject }) => subject)).toEqual(
        shown.filter(({ text }) => text.toLowerCase().includes(body)).map(({ subject }) => subject),
      );
    }
    const found = await reader.search({ body: 'aus köln' }, 'INBOX', { limit: 100 });
    expect(found.total).toBe(formsOf(text).length);
  });
});

describe('mark and move', () => {
  it('changes the flags in the name, and keeps those it does not know', async () => {
    const maildir = await sampleMaildir();
    const id = await maildir.deliver(sampleMessage('x'));
    const reader = createMaildirReader(maildir);
    const names = async (): Promise<readonly string[]> => readdir(join(maildir.directory, 'cur'));
    expect(await reader.mark({ id }, { seen: true, flagged: true })).toMatchObject({ seen: true });
    const [name = ''] = await names();
    expect(name).toMatch(/,S=\d+,W=\d+:2,FS$/);
    expect(await readdir(join(maildir.directory, 'new'))).toEqual([]);
    await rename(join(maildir.directory, 'cur', name), join(maildir.directory, 'cur', `${name}ab`));
    expect(await reader.mark({ id }, { flagged: false, answered: true })).toMatchObject({
      seen: true,
      answered: true,
      flagged: false,
    });
    expect((await names())[0]).toMatch(/:2,RSab$/);
    await reader.mark({ id }, {});
    expect((await names())[0]).toMatch(/:2,RSab$/);
  });

  it('moves between folders, international ones too', async () => {
    const maildir = await sampleMaildir('.Sent');
    const reader = createMaildirReader(maildir);
    const id = await maildir.deliver(sampleMessage('x'), 'S');
    expect(await kindOf(reader.move({ id }, 'Entwürfe & mehr.2026'))).toBe('no-such-folder');
    const moved = await reader.move({ id }, 'Entwürfe & mehr.2026', { make: true });
    expect(moved).toEqual({ folder: 'Entwürfe & mehr.2026', id });
    expect(await reader.folders()).toEqual(['INBOX', 'Entwürfe & mehr.2026', 'Sent']);
    expect(await readdir(maildir.directory)).toContain('.Entw&APw-rfe &- mehr.2026');
    expect((await reader.show(moved)).flags.seen).toBe(true);
    await reader.move(moved, 'Sent');
    await reader.move({ folder: 'Sent', id }, 'inbox');
    expect((await reader.list()).messages).toMatchObject([{ id, flags: { seen: true } }]);
    for (const name of ['', '.', 'a..b', 'a/b', '../x', 'a\nb', 'x'.repeat(300)]) {
      expect(await kindOf(reader.move({ id }, name, { make: true }))).toBe('folder-name');
    }
  });

  it('does not move onto another message', async () => {
    const maildir = await sampleMaildir('.Sent');
    const id = await maildir.deliver(sampleMessage('x'), 'S');
    const [name = ''] = await readdir(join(maildir.directory, 'cur'));
    await writeFile(join(maildir.directory, '.Sent', 'cur', name), 'another');
    const reader = createMaildirReader(maildir);
    expect(await kindOf(reader.move({ id }, 'Sent'))).toBe('already-there');
    expect((await reader.list()).total).toBe(1);
  });
});

describe('with other programs in the same Maildir', () => {
  it('sees every message once, and every mark is kept, while they deliver and rename', async () => {
    const maildir = await sampleMaildir('.Archive');
    const reader = createMaildirReader(maildir);
    const known = new Set<string>();
    let running = true;

    /** A delivery agent. */
    const deliver = async (): Promise<void> => {
      for (let i = 0; running && i < 400; i++)
        known.add(await maildir.deliver(sampleMessage(`${i}`)));
    };
    /** An IMAP server: takes messages out of `new`, and changes a flag back and forth. */
    const serve = async (): Promise<void> => {
      const place = (part: string, name: string): string => join(maildir.directory, part, name);
      while (running) {
        for (const name of await readdir(place('new', ''))) {
          await rename(place('new', name), place('cur', `${name}:2,`)).catch(() => undefined);
        }
        for (const name of await readdir(place('cur', ''))) {
          const other = name.endsWith('F') ? name.replace(/F$/, '') : `${name}F`;
          await rename(place('cur', name), place('cur', other)).catch(() => undefined);
        }
      }
    };
    const programs = [deliver(), serve()];
    const marked = new Set<string>();
    try {
      for (let round = 0; round < 10; round++) {
        const before = [...known];
        const { messages, total } = await reader.list('INBOX', { limit: 10_000 });
        const ids = messages.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(before.filter((id) => !ids.includes(id))).toEqual([]);
        expect(total).toBeGreaterThanOrEqual(before.length);
        const found = await reader.search({ from: 'alice' }, 'INBOX', { limit: 10_000 });
        expect(found.messages.length).toBeGreaterThanOrEqual(before.length);
        const some = messages.at(round % Math.max(1, messages.length));
        if (some === undefined) continue;
        expect((await reader.show(some)).text).toBe('Hello\n');
        expect(await reader.mark(some, { seen: true })).toMatchObject({ seen: true });
        marked.add(some.id);
      }
    } finally {
      running = false;
      await Promise.all(programs);
    }
    const { messages } = await reader.list('INBOX', { limit: 10_000 });
    expect(messages.length).toBe(known.size);
    expect(new Set(messages.filter(({ flags }) => flags.seen).map(({ id }) => id))).toEqual(marked);
  });

  it('leaves out what was removed meanwhile', async () => {
    const maildir = await sampleMaildir('.Archive');
    const ids: string[] = [];
    for (let i = 0; i < 60; i++) ids.push(await maildir.deliver(sampleMessage(`${i}`), ''));
    const reader = createMaildirReader(maildir);
    const moving = Promise.all(ids.slice(0, 30).map((id) => reader.move({ id }, 'Archive')));
    for (let i = 0; i < 5; i++)
      expect((await reader.list()).messages.length).toBeGreaterThanOrEqual(30);
    await moving;
    expect((await reader.list()).total).toBe(30);
    expect((await reader.list('Archive')).total).toBe(30);
  });
});

/** The same text in all the forms that messages give it, header fields first. */
function formsOf(text: string): readonly Buffer[] {
  const html = `<html><body><p>${text.replace('ö', '&ouml;').replace(' aus', ' <b>aus</b>')}</p></body></html>\n`;
  const quoted = (from: string): string =>
    [...Buffer.from(from)].map((octet) => `=${octet.toString(16).toUpperCase()}`).join('=\n');
  const plain = `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n${quoted(text)}`;
  const asHtml = `Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from(html).toString('base64')}\n`;
  const file = `Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n${`${'A'.repeat(76)}\n`.repeat(3000)}`;
  const attached = `Content-Disposition: attachment\n\nattached\n`;
  const multipart = (kind: string, boundary: string, ...parts: readonly string[]): string =>
    `Content-Type: multipart/${kind};\n boundary="${boundary}"\n\n${parts.map((part) => `--${boundary}\n${part}\n`).join('')}--${boundary}--\n`;
  const both = multipart('alternative', 'a', plain, asHtml);
  const forms = [
    plain,
    asHtml,
    both,
    multipart('alternative', 'a', '\n \n', asHtml),
    multipart('mixed', 'm', file, both, file, '\nsecond\n', attached),
    multipart('mixed', 'm', multipart('related', 'r', asHtml, file), attached),
    multipart('mixed', 'm', `\n${'long '.repeat(30_000)}\n`, plain),
    `Content-Type: text/plain; charset=utf-8; format=flowed\n\n${text.replace(' ', ' \n')}`,
  ];
  return [
    ...forms.map((form) => Buffer.from(form)),
    ...forms.map((form) => Buffer.from(form.replaceAll('\n', '\r\n'))),
    Buffer.from(`Content-Type: text/plain; charset=iso-8859-1\n\n${text}`, 'latin1'),
    Buffer.from(`Content-Type: text/html; charset=windows-1252\n\n${html}`, 'latin1'),
    Buffer.from(
      multipart('mixed', 'm', `Content-Type: text/plain; charset=iso-8859-1\n\n${text}`),
      'latin1',
    ),
  ];
}
