/** What cannot be is refused at once, so that the author hears of it while he is there. */
import { connectDialogue } from '@posthouse/testkit';
import { expect, test } from 'vitest';
import { sendOverLmtp, submit } from './system/author.ts';
import { arrival, notification } from './system/mailbox.ts';
import { describeInEveryShape } from './system/suite.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';

const sections = { delivery: { quotas: { [CAROL]: '10KB' } } };

describeInEveryShape('a client', sections, (system) => {
  test('hears of one unknown recipient of three, and the two others get the message', async () => {
    const recipients = [BOB, 'nobody@example.test', CAROL];
    const sent = await submit(system(), { author: ALICE, recipients });
    expect(sent.recipients).toEqual([
      expect.stringMatching(/^250 2\.1\.5 /),
      '550 5.1.1 No such mailbox here: nobody@example.test',
      expect.stringMatching(/^250 2\.1\.5 /),
    ]);
    await arrival(system(), sent, BOB);
    await arrival(system(), sent, CAROL);
  });

  test('hears which setting keeps mail from other domains', async () => {
    const sent = await submit(system(), { author: ALICE, recipients: ['dave@elsewhere.test'] });
    expect(sent.recipients).toEqual([expect.stringMatching(/^550 5\.7\.1 .*relay\.outbound/)]);
    expect(sent.data).toBeUndefined();
  });

  test('may not write under the name of another', async () => {
    const content = `From: ${BOB}\r\n\r\nI am Bob`;
    const sent = await submit(system(), { author: ALICE, recipients: [BOB], content });
    expect(sent.data).toMatch(/^553 5\.7\.1 /);
    const sending = { author: ALICE, reversePath: BOB, recipients: [CAROL] };
    const forged = await submit(system(), sending);
    expect(forged.mail).toMatch(/^553 5\.7\.1 /);
  });

  test('is told by a notification that a message is larger than the whole mailbox', async () => {
    const content = `From: ${ALICE}\r\nTo: ${CAROL}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(200)}`;
    await submit(system(), { author: ALICE, recipients: [CAROL], content });
    const { report } = await notification(system(), ALICE);
    expect(report.recipients).toMatchObject([
      { action: 'failed', status: { class: 5, subject: 2, detail: 2 } },
    ]);
  });

  test('must ask for TLS and log in first', async () => {
    const client = await connectDialogue(system().submission);
    await client.play(
      `S+ 220
       C: EHLO author.example.test
       S+ 250
       C: MAIL FROM:<${ALICE}>
       S: 530 5.7.0 *
       C: AUTH PLAIN AGEAYg==
       S: 538 5.7.11 *
       C: STARTTLS
       S+ 220`,
    );
    await client.secure();
    await client.play(
      `C: EHLO author.example.test
       S+ 250
       C: MAIL FROM:<${ALICE}>
       S: 530 5.7.0 *
       C: AUTH PLAIN AGEAYg==
       S: 535 5.7.8 *
       C: QUIT
       S+ 221`,
    );
  });

  test('of LMTP hears of a full mailbox, and of that recipient alone', async () => {
    const content = `From: ${ALICE}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(85)}`;
    const sending = { author: ALICE, recipients: [CAROL, BOB], content };
    const first = await sendOverLmtp(system().lmtp, sending);
    expect(first.data).toMatch(/^250 2.*\n250 2.*$/);
    const second = await sendOverLmtp(system().lmtp, sending);
    expect(second.data).toMatch(/^452 4\.2\.2 .*\n250 2.*$/);
  });

  test('of LMTP hears that there is nobody of that name', async () => {
    const { recipients } = await sendOverLmtp(system().lmtp, {
      author: ALICE,
      recipients: ['nobody@example.test', 'dave@elsewhere.test'],
    });
    expect(recipients.map((reply) => reply.slice(0, 9))).toEqual(['550 5.1.1', '550 5.1.1']);
  });
});
