/**
 * The failures of everyday life, on submission and on the relay: the code and status that
 * every client knows, and a text that tells a person what to do.
 */
import { connectDialogue } from '@posthouse/testkit';
import type { DialogueClient } from '@posthouse/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { logIn, sendAsStranger, submit } from './system/author.ts';
import type { MailSystem, Sections } from './system/mail-system.ts';
import { oneProcess } from './system/one-process.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';
const NOBODY = 'nobody@example.test';
const LIMITS = { max_message_size: '64KiB', max_recipients: 100 };
const LARGE = `From: ${ALICE}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(1000)}`;

const NO_MAILBOX = `550 5.1.1 No such mailbox here: ${NOBODY}`;
const TOO_LARGE = '552 5.3.4 Message is larger than 65536 octets';
const TOO_MANY = '452 4.5.3 Too many recipients in one message, send the rest separately';
const NO_ROOM = '452 4.3.1 Insufficient system storage, try again later';
const CLOSING = '421 4.3.2 Service shutting down, try again soon';

describe('with limits', () => {
  const ends: (() => Promise<unknown>)[] = [];
  let system: MailSystem;
  beforeAll(async () => {
    const sections: Sections = { submission: LIMITS, relay: LIMITS };
    system = await oneProcess.start(sections, (end) => void ends.unshift(end));
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });

  test('530, 538 and 535: TLS, login, the right password', async () => {
    const client = await connectDialogue(system.submission);
    await client.play(
      `S+ 220
       C: EHLO author.example.test
       S+ 250
       C: MAIL FROM:<${ALICE}>
       S: 530 5.7.0 Must issue a STARTTLS command first
       C: AUTH PLAIN AGEAYg==
       S: 538 5.7.11 Authentication needs an encrypted connection: issue STARTTLS first
       C: STARTTLS
       S+ 220`,
    );
    await client.secure();
    await client.play(
      `C: EHLO author.example.test
       S+ 250
       C: MAIL FROM:<${ALICE}>
       S: 530 5.7.0 Authentication required: log in with your account first
       C: AUTH PLAIN AGEAYg==
       S: 535 5.7.8 Authentication failed: user name or password is wrong
       C: QUIT
       S+ 221`,
    );
  });

  test('553: another’s address, in the envelope and in From', async () => {
    const forged = await submit(system, { author: ALICE, reversePath: BOB, recipients: [CAROL] });
    expect(forged.mail).toBe(
      `553 5.7.1 The envelope sender names ${BOB}, which does not belong to your account`,
    );
    const content = `From: ${BOB}\r\n\r\nI am Bob`;
    const { data } = await submit(system, { author: ALICE, recipients: [CAROL], content });
    expect(data).toBe(
      `553 5.7.1 The From field names ${BOB}, which does not belong to your account`,
    );
  });

  test('550 of submission and relay: nobody of that name', async () => {
    const sending = { author: ALICE, recipients: [NOBODY] };
    expect((await submit(system, sending)).recipients).toEqual([NO_MAILBOX]);
    expect((await sendAsStranger(system.relay, sending)).recipients).toEqual([NO_MAILBOX]);
  });

  test('554 of the relay: strangers may not relay', async () => {
    const sending = { author: 'x@y.test', recipients: ['dave@elsewhere.test'] };
    expect((await sendAsStranger(system.relay, sending)).recipients).toEqual([
      '554 5.7.1 Relay access denied: this is no domain of ours, and you have not logged in',
    ]);
  });

  test('552 of submission and relay names the limit, at MAIL and after the data', async () => {
    const sending = { author: ALICE, recipients: [BOB], content: LARGE };
    expect((await submit(system, sending)).data).toBe(TOO_LARGE);
    expect((await sendAsStranger(system.relay, sending)).data).toBe(TOO_LARGE);
    const declared = { author: ALICE, recipients: [BOB], parameters: 'SIZE=100000' };
    expect((await submit(system, declared)).mail).toBe(TOO_LARGE);
    expect((await sendAsStranger(system.relay, declared)).mail).toBe(TOO_LARGE);
  });

  test('452 of submission and relay: too many recipients; the others get it', async () => {
    const recipients = Array.from({ length: 101 }, (_, index) => `bob+${index}@example.test`);
    const sending = { author: ALICE, recipients };
    for (const sent of [
      await submit(system, sending),
      await sendAsStranger(system.relay, sending),
    ]) {
      expect(sent.recipients.at(-1)).toBe(TOO_MANY);
      expect(sent.data).toMatch(/^250 /);
    }
  });
});

test('452 of submission and relay: no room, and nothing is lost', async () => {
  const system = await oneProcess.start({ queue: { min_free_space: '900TB' } }, onTestFinished);
  const sending = { author: ALICE, recipients: [BOB] };
  for (const sent of [await submit(system, sending), await sendAsStranger(system.relay, sending)]) {
    expect([sent.mail, ...sent.recipients, sent.data]).toContain(NO_ROOM);
  }
  await system.stop();
});

test('421 of submission and relay: the service stops', async () => {
  const system = await oneProcess.start({}, onTestFinished);
  const stranger = await connectDialogue(system.relay);
  await stranger.play('S+ 220\nC: EHLO stranger.example.net\nS+ 250');
  const author = await logIn(system, ALICE);
  const ended = system.stop();
  const hear = (client: DialogueClient): Promise<unknown> => client.play(`S: ${CLOSING}`);
  await Promise.all([hear(stranger), hear(author)]);
  await ended;
});
