/**
 * Our relay in front of somebody else's mailboxes: Dovecot takes the mail by LMTP, over TLS that
 * we prove, and says who exists.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stderr } from 'node:process';
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import { startAgent } from '../system/agent.ts';
import type { Agent } from '../system/agent.ts';
import { sendAsStranger } from '../system/author.ts';
import type { Replies, Sending } from '../system/author.ts';
import { readStored } from '../system/mailbox.ts';
import type { StoredMessage } from '../system/mailbox.ts';
import { onlyPlace } from '../system/place.ts';
import { bin } from '../system/three-processes.ts';
import { createWorkplace } from '../system/workplace.ts';
import { DOVECOT, startDovecot } from './dovecot.ts';
import type { Dovecot } from './dovecot.ts';
import { describeWith } from './program.ts';

const DAVE = 'dave@elsewhere.test';
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';
const EIGHT_BIT = 'BODY=8BITMIME';

describeWith(DOVECOT, 'Dovecot behind our relay', () => {
  const ends: (() => Promise<void>)[] = [];
  let dovecot: Dovecot;
  let relay: Agent;

  beforeAll(async () => {
    const atEnd = (end: () => Promise<void>): void => void ends.unshift(end);
    const { directory } = await createWorkplace(atEnd);
    dovecot = await startDovecot(directory, atEnd);
    const delivery = { host: 'localhost', port: dovecot.port, tls: 'required' };
    const own = {
      relay: { delivery, recipient_check: 'delivery', retry: { schedule: ['1s'] } },
      accounts: { file: 'nobody-here' },
    };
    relay = await startAgent({ name: 'relay', program: bin('relay'), directory, atEnd, own });
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });

  beforeEach(() => {
    onTestFailed(() => void stderr.write(`Dovecot said:\n${dovecot.lines.join('\n')}\n`));
  });

  const send = (sending: Omit<Sending, 'author'>): Promise<Replies> =>
    sendAsStranger(onlyPlace(relay.facts['relay']), { author: DAVE, ...sending });

  test('takes mail with dots and eight bits, for each recipient', async () => {
    const content = `From: ${DAVE}\r\nSubject: To both\r\n\r\n..\r\n..two dots\r\nnaïve ☃`;
    const sent = await send({ recipients: [BOB, CAROL], content, parameters: EIGHT_BIT });
    expect(sent.data).toMatch(/^250 /);
    for (const recipient of [BOB, CAROL]) {
      const message = await stored(recipient);
      expect(message.values('return-path')).toEqual([`<${DAVE}>`]);
      expect(message.values('received')[0]).toMatch(/\swith LMTPS\s/);
      expect(message.text).toMatch(/\n\n\.\n\.two dots\nnaïve ☃\n$/);
    }
  });

  test('says who exists, and we say it on', async () => {
    const { recipients } = await send({ recipients: ['nobody@example.test', BOB] });
    expect(recipients[0]).toMatch(/^550 5\.1\.1 /);
    expect(recipients[1]).toMatch(/^250 /);
    await stored(BOB);
  });

  test('takes five megabytes', async () => {
    const content = `Subject: Large\r\n\r\n${LINE.repeat(76_000)}the end`;
    await send({ recipients: [BOB], content });
    const { text } = await stored(BOB);
    expect(text.slice(text.indexOf('\n\n') + 2)).toBe(
      `${LINE.repeat(76_000)}the end\n`.replaceAll('\r', ''),
    );
  });

  test('refuses what is too large for the mailbox, and the sender reads why', async () => {
    const content = `Subject: Too large\r\n\r\n${LINE.repeat(200_000)}the end`;
    await send({ reversePath: BOB, recipients: [CAROL], content });
    const { text } = await stored(BOB);
    expect(text).toMatch(/Final-Recipient: rfc822; carol@example\.test\n[^]*Status: 5\.2\.2/i);
  });

  /** Waits for the next message in a mailbox, and reads it. */
  async function stored(recipient: string): Promise<StoredMessage> {
    await dovecot.said(new RegExp(`lmtp\\(${recipient}\\).*saved mail to INBOX`));
    const directory = join(dovecot.maildir(recipient.split('@')[0] ?? ''), 'new');
    const [name = '', ...more] = await readdir(directory);
    expect(more).toEqual([]);
    const message = await readStored(join(directory, name));
    await rm(message.path);
    return message;
  }
});

const LINE = `${'0123456789abcdef'.repeat(4)}\r\n`;
