/** The main road: from an author, who logs in, into a Maildir. */
import { expect, test } from 'vitest';
import { logIn, submit } from './system/author.ts';
import { acceptance, arrival } from './system/mailbox.ts';
import { describeInEveryShape } from './system/suite.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';

describeInEveryShape('a message from an author', {}, (system, shape) => {
  test.each(['starttls', 'tls'] as const)('comes into the Maildir, over %s', async (way) => {
    const content = `From: ${ALICE}\r\nSubject: By ${way}\r\n\r\nHow are you?`;
    const sending = { author: ALICE, recipients: [BOB], content };
    const sent = await submit(system(), sending, way);
    expect([sent.mail, ...sent.recipients].join('\n')).toMatch(/^250 2.*\n250 2.*$/);
    expect(sent.data).toMatch(/^250 2\.0\.0 /);
    const message = await arrival(system(), sent, BOB);
    expect(message.path.startsWith(`${system().maildir(BOB)}/new/`)).toBe(true);
    expect(message.text).toMatch(new RegExp(`\nSubject: By ${way}\n[^]*\n\nHow are you\\?\n$`));
  });

  test('bears the marks of its way, in their order, and no others', async () => {
    const sent = await submit(system(), { author: ALICE, recipients: [BOB] });
    const message = await arrival(system(), sent, BOB);
    const trace = ['return-path', 'delivered-to', ...shape.hops.map(() => 'received')];
    const written = ['from', 'to', 'subject'];
    expect(message.fields).toEqual([...trace, ...written, 'date', 'message-id']);
    expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
    expect(message.values('delivered-to')).toEqual([BOB]);
    const received = message.values('received');
    expect(received.map((value) => / with (\S+) /.exec(value)?.[1])).toEqual(shape.hops);
    for (const value of received) {
      expect(value).toMatch(
        /^from \S+ \(\[127\.0\.0\.1\]\)\s+by mail\.example\.test with \S+ id \S+\s+\(TLSv1\.3 \S+\)\s+for <bob@example\.test>;\s+\S+, \d+ \S+ \d{4} /,
      );
    }
    expect(received.at(-1)).toContain('from author.example.test ');
  });

  test('is repaired: Date and Message-ID are added, Bcc is gone', async () => {
    const content = `From: ${ALICE}\r\nTo: ${BOB}\r\nBcc: carol@example.test,\r\n dave@example.test\r\n\r\nPsst`;
    const recipients = [BOB, 'carol@example.test'];
    const sent = await submit(system(), { author: ALICE, recipients, content });
    for (const recipient of recipients) {
      const message = await arrival(system(), sent, recipient);
      expect(message.values('date')).toHaveLength(1);
      expect(message.values('message-id')).toEqual([
        expect.stringMatching(/^<[^<>@\s]+@[^<>\s]+>$/),
      ]);
      expect(message.values('bcc')).toEqual([]);
      expect(message.text).not.toContain('dave');
      // Nobody is told who else got it.
      expect(message.values('received').join()).not.toContain(' for ');
    }
  });

  test('is international where the author says so, and says so on its way', async () => {
    const author = await logIn(system(), ALICE);
    await author.play(`C: MAIL FROM:<${ALICE}> SMTPUTF8 BODY=8BITMIME\nS+ 250`);
    await author.play(`C: RCPT TO:<${BOB}>\nS+ 250\nC: DATA\nS+ 354`);
    author.send(`From: Alíce <${ALICE}>\r\nSubject: Grüße\r\n\r\nSchöne Grüße\r\n.\r\n`);
    const data = (await author.reply()).join('\n');
    await author.play('C: QUIT\nS+ 221');
    const message = await arrival(system(), { mail: '', recipients: [], data }, BOB);
    expect(message.text).toMatch(/\nFrom: Alíce <[^]*\nSubject: Grüße\n[^]*\n\nSchöne Grüße\n$/);
    const received = message.values('received').map((value) => / with (\S+) /.exec(value)?.[1]);
    expect(received).toEqual(shape.hops.map((type) => `UTF8${type.replace('ESMTP', 'SMTP')}`));
  });

  test('keeps the fields that the author wrote', async () => {
    const header = `Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <mine@example.test>\r\nFrom: ${ALICE}`;
    const content = `${header}\r\n\r\nOld news`;
    const sent = await submit(system(), { author: ALICE, recipients: [BOB], content });
    const { text } = await arrival(system(), sent, BOB);
    expect(text).toContain(`\n${header.replaceAll('\r', '')}\n\nOld news\n`);
  });

  test('is one line of the log when it is accepted and one when it is delivered', async () => {
    const sent = await submit(system(), { author: ALICE, recipients: [BOB] });
    const { traceId } = await acceptance(system(), sent);
    const { path } = await arrival(system(), sent, BOB);
    const told = (agent: 'delivery' | 'submission', name: string) =>
      system().logs[agent].events.filter(
        (event) => event['event'] === name && event['traceId'] === traceId,
      );
    expect(told('submission', 'message-accepted')).toEqual([
      expect.objectContaining({ account: ALICE, reversePath: `<${ALICE}>`, recipients: 1 }),
    ]);
    expect(told('delivery', 'delivered')).toEqual([
      expect.objectContaining({ recipient: BOB, path }),
    ]);
  });
});
