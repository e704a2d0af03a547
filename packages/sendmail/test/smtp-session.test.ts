import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { refuse } from '@posthouse/mail';
import { createRecordingReceiver, recordedAddresses } from '@posthouse/testkit';
import { speakSmtp } from '../src/smtp-session.ts';
import { openOffice } from './office.ts';
import type { Office } from './office.ts';

const ENVELOPE = 'EHLO me\nMAIL FROM:<a@a.test>\nRCPT TO:<bob@b.test>\n';

describe('sendmail -bs', () => {
  it('answers in the words of whoever takes the mail', async () => {
    const office = await openOffice();
    const relay = await office.openRelay({
      onRecipient: ({ localPart }) =>
        localPart === 'nobody' ? refuse('no-such-mailbox') : undefined,
    });
    const session = `${ENVELOPE}RCPT TO:<nobody@b.test>\nDATA\nSubject: x\n\n..dot\n.\nQUIT\n`;
    const replies = await speak(office, session);
    expect(replies).toMatch(/^220 [^]*\r\n550 5\.1\.1 [^]*\r\n354 [^]*\r\n250 [^]*\r\n221 /);
    const message = await relay.message(0);
    expect(recordedAddresses(message)).toEqual(['bob@b.test']);
    expect(message.bytes.toString()).toContain('\r\n.dot\r\n');
  });

  it('spools where nobody answers', async () => {
    const office = await openOffice();
    const replies = await speak(office, `${ENVELOPE}DATA\nSubject: x\n\ny\n.\nQUIT\n`);
    expect(replies).toMatch(/\r\n250 2\.\S+ [^]*\r\n221 /);
    const receiver = createRecordingReceiver();
    expect(await office.walk(receiver)).toMatchObject({ taken: 1 });
    expect(receiver.messages[0]?.bytes.toString()).toBe('Subject: x\r\n\r\ny\r\n');
  });

  it('a client that goes away in the middle of a message has sent none', async () => {
    const office = await openOffice();
    const relay = await office.openRelay();
    await speak(office, `${ENVELOPE}DATA\nSubject: x\n\nbroken o`);
    await speak(office, ENVELOPE);
    expect(relay.messages).toEqual([]);
  });
});

async function speak({ place }: Office, session: string): Promise<string> {
  const output = new PassThrough();
  const said = text(output);
  await speakSmtp(Readable.from([Buffer.from(session)]), output, place);
  output.end();
  return said;
}
