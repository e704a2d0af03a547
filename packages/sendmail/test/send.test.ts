import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { outcomeOfError, refuse } from '@posthouse/mail';
import { createRecordingReceiver, mailbox, recordedAddresses } from '@posthouse/testkit';
import { exitOf } from '../src/send.ts';
import { openOffice } from './office.ts';

const unknown = refuse('no-such-mailbox');

describe('sendmail with a relay that answers', () => {
  it('hands the message over with the envelope that was asked for', async () => {
    const office = await openOffice();
    const relay = await office.openRelay();
    const line = '-i -f author@a.test -N failure -R hdrs -V QQ1 bob@b.test';
    expect(await office.call(line, 'Subject: x\n\n.\nfür\n')).toBe('ok');
    const message = await relay.message(0);
    expect(message).toMatchObject({
      reversePath: mailbox('author@a.test'),
      params: { body: '8BITMIME', ret: 'HDRS', envid: 'QQ1' },
      recipients: [{ forwardPath: mailbox('bob@b.test'), params: { notify: ['failure'] } }],
    });
    expect(message.bytes.toString()).toMatch(/^Subject: x\r\nDate: .*\r\nFrom: author@a.test\r\n/);
    expect(message.bytes.toString()).toMatch(/\r\n\r\n\.\r\nfür\r\n$/);
    await expect(readdir(office.spoolDirectory)).rejects.toThrow('ENOENT');
  });

  it('takes recipients from the message with -t, each once, and no Bcc', async () => {
    const office = await openOffice();
    const relay = await office.openRelay();
    const message = 'To: bob@b.test\nCc: root\nBcc: eve@c.test, BOB@b.test\n\nx\n';
    expect(await office.call('-t', message)).toBe('ok');
    const taken = await relay.message(0);
    expect(recordedAddresses(taken)).toEqual(['bob@b.test', 'root@example.test', 'eve@c.test']);
    expect(taken.bytes.toString()).not.toContain('eve');
  });

  it('names who was refused, and says so with its exit code; the others get it', async () => {
    const office = await openOffice();
    const relay = await office.openRelay({
      onRecipient: ({ localPart }) => (localPart === 'nobody' ? unknown : undefined),
    });
    expect(await office.call('nobody@b.test bob@b.test', 'x\n')).toBe('noUser');
    expect(office.complaints).toEqual(['nobody@b.test: 550 5.1.1 No such mailbox here']);
    expect(recordedAddresses(await relay.message(0))).toEqual(['bob@b.test']);
    expect(await office.call('-oeq nobody@b.test', 'x\n')).toBe('noUser');
    expect(office.complaints).toHaveLength(1);
  });

  it('tells the author by mail with -oem, because cron reads nothing', async () => {
    const office = await openOffice();
    await office.openRelay({ onRecipient: () => unknown });
    expect(await office.call('-oem nobody@b.test', 'Subject: job\n\nx\n')).toBe('ok');
    expect(office.complaints).toEqual([]);
    const later = createRecordingReceiver();
    await office.walk(later);
    const dsn = await later.message(0);
    expect(recordedAddresses(dsn)).toEqual(['www@example.test']);
    expect(dsn.reversePath).toBe('<>');
    expect(dsn.bytes.toString()).toMatch(/Final-Recipient: rfc822; ?nobody@b.test/);
  });

  it.each([
    ['a@b.test', 'To: x@y.test\n\n', undefined],
    ['-t', 'Subject: nobody\n\nx\n', 'usage'],
    ['-i', 'x\n', 'usage'],
    ['two@at@signs', 'x\n', 'usage'],
    ['-f two@at@signs a@b.test', 'x\n', 'usage'],
    ['-t', 'To: two words\n\nx\n', 'data'],
  ])('%s: %j ends as %s', async (line, message, exit) => {
    const office = await openOffice();
    await office.openRelay();
    const end = await office.call(line, message).catch((error: unknown) => error);
    if (exit === undefined) expect(end).toBe('ok');
    else expect(end).toMatchObject({ name: 'SendmailError', exit });
  });

  it('a header section that no relay takes is wrong data, and not to be tried again', async () => {
    const office = await openOffice();
    await office.openRelay();
    const end = await office.call('a@b.test', `X: ${'x'.repeat(1_100_000)}\n\nx\n`).catch(String);
    expect(end).toBe('SendmailError: 552 5.3.4 Header section is too large');
  });
});

describe('sendmail with nobody who takes mail', () => {
  it('keeps the message, which is success, and hands it on later as it was', async () => {
    const office = await openOffice();
    expect(await office.call('-i -f a@a.test -N never bob@b.test', 'Subject: x\n\ntext\n')).toBe(
      'ok',
    );
    expect(await readdir(office.own)).toHaveLength(2);
    const receiver = createRecordingReceiver();
    expect(await office.walk(receiver)).toEqual({ taken: 1, refused: 0, kept: 0 });
    expect(await receiver.message(0)).toMatchObject({
      reversePath: mailbox('a@a.test'),
      recipients: [{ forwardPath: mailbox('bob@b.test'), params: { notify: 'never' } }],
    });
    expect(receiver.messages[0]?.bytes.toString()).toMatch(/^Subject: x\r\n[^]*\r\n\r\ntext\r\n$/);
    expect(await readdir(office.own)).toEqual([]);
  });

  it('keeps what is large without holding it in memory, and what -odq asks for', async () => {
    const office = await openOffice();
    const relay = await office.openRelay();
    const text = `Subject: large\n\n${'A line.\n'.repeat(400_000)}`;
    expect(await office.call('-odq bob@b.test', text)).toBe('ok');
    expect(relay.messages).toEqual([]);
    const receiver = createRecordingReceiver();
    await office.walk(receiver);
    expect(receiver.messages[0]?.bytes.length).toBeGreaterThan(3_600_000);
    expect(await readdir(office.own)).toEqual([]);
  });

  it('keeps only those that were turned away for now', async () => {
    const office = await openOffice();
    await office.openRelay({
      onRecipient: ({ localPart }) => (localPart === 'later' ? refuse('rate-limited') : undefined),
    });
    expect(await office.call('bob@b.test later@b.test', 'x\n')).toBe('ok');
    const receiver = createRecordingReceiver();
    await office.walk(receiver);
    expect(receiver.messages.map(recordedAddresses)).toEqual([['later@b.test']]);
  });
});

describe('exit codes', () => {
  it.each([
    ['no-such-mailbox', 'noUser'],
    ['no-such-domain', 'noHost'],
    ['null-mx', 'noHost'],
    ['relay-denied', 'noPermission'],
    ['not-your-address', 'noPermission'],
    ['message-too-large', 'unavailable'],
    ['message-malformed', 'data'],
  ] as const)('%s ends with %s', (name, exit) => {
    const outcome = outcomeOfError(refuse(name));
    expect(outcome.kind === 'failed' && exitOf(outcome)).toBe(exit);
  });
});
