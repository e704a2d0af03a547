/**
 * Exim and OpenSMTPD as neighbours, in both directions: we bring them mail and they bring us
 * mail, in the clear and over TLS, with and without extensions, and either side refuses.
 */
import { createHash } from 'node:crypto';
import { stderr } from 'node:process';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import { sendAsStranger, submit } from '../system/author.ts';
import type { Sending } from '../system/author.ts';
import { lastNotification, notification, readStored } from '../system/mailbox.ts';
import type { StoredMessage } from '../system/mailbox.ts';
import type { MailSystem } from '../system/mail-system.ts';
import { oneProcess } from '../system/one-process.ts';
import { exim } from './exim.ts';
import { openSmtpd } from './opensmtpd.ts';
import { freeDoors, REFUSALS, STAGES, takeMessage } from './peer-server.ts';
import type { PeerServer, RunningPeer } from './peer-server.ts';
import { describeWith } from './program.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';
const DAVE = 'dave@elsewhere.test';
const EIGHT_BIT = 'BODY=8BITMIME';
const MAX_HOPS = 20;

for (const kind of [exim, openSmtpd]) {
  describeWith(kind.needs, kind.name, () => {
    const ends: (() => Promise<void>)[] = [];
    let system: MailSystem;
    let peer: RunningPeer;

    beforeAll(async () => {
      [system, peer] = await startBoth(kind, (end) => void ends.unshift(end));
    });
    afterAll(async () => {
      for (const end of ends) await end();
    });

    beforeEach(() => {
      onTestFailed(() => void stderr.write(`${kind.name} said:\n${peer.lines.join('\n')}\n`));
    });

    describe('takes our mail', () => {
      test.each([
        [
          kind.servesTls ? 'over TLS that it proves' : 'in the clear, where its TLS breaks',
          'full.peer.test',
          kind.servesTls ? 'ESMTPS' : 'ESMTP',
        ],
        ['with few extensions, in the clear', 'bare.peer.test', 'ESMTP'],
      ])('%s', async (_, domain, protocol) => {
        const recipient = `box@${domain}`;
        const content = letter('naïve ☃ in eight bits');
        await submit(system, {
          author: ALICE,
          recipients: [recipient],
          content,
          parameters: EIGHT_BIT,
        });
        const message = await takeMessage(peer);
        expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
        expect(message.values('received')[0]).toMatch(
          new RegExp(`with (?:${protocol}|${protocol.toLowerCase()})\\b`),
        );
        expect(bodyOf(message)).toBe(bodyIn(content));
      });

      test.each(['full.peer.test', 'bare.peer.test'])(
        'of five megabytes, for %s',
        async (domain) => {
          const content = letter(LARGE);
          await submit(system, { author: ALICE, recipients: [`box@${domain}`], content });
          expect(digest(bodyOf(await takeMessage(peer)))).toBe(digest(bodyIn(content)));
        },
      );

      test('for many recipients in one transaction', async () => {
        const recipients = Array.from({ length: 40 }, (_, i) => `box${i}@full.peer.test`);
        await submit(system, { author: ALICE, recipients });
        for (const _ of recipients) await takeMessage(peer);
      });
    });

    test('with an address beyond ASCII, or we say why not', async () => {
      const recipients = ['bøx@full.peer.test'];
      const content = letter('grüße').replace('Subject: A letter', 'Subject: Grüße');
      await submit(system, {
        author: ALICE,
        recipients,
        content,
        parameters: `SMTPUTF8 ${EIGHT_BIT}`,
      });
      if (kind.smtpUtf8) {
        expect((await takeMessage(peer)).values('subject')).toEqual(['Grüße']);
      } else {
        const { report } = await notification(system, ALICE);
        expect(report.recipients).toMatchObject([
          { action: 'failed', status: { class: 5, subject: 6, detail: 7 } },
        ]);
      }
    });

    test.each(STAGES)('refuses at %s, and the author reads why', async (stage) => {
      const recipient = `box@${stage}.peer.test`;
      await submit(system, { author: ALICE, recipients: [recipient] });
      const { report } = await lastNotification(system, ALICE);
      const [about] = report.recipients;
      expect(about).toMatchObject({ action: 'failed', finalRecipient: { value: recipient } });
      expect(about?.diagnosticCode?.value).toContain(REFUSALS[stage]);
    });

    describe('brings us mail', () => {
      test.each([
        ['with all extensions', 'full', EIGHT_BIT],
        ['that it got over few extensions', 'bare', ''],
      ] as const)('%s', async (_, door, parameters) => {
        const content = letter('naïve ☃ in eight bits');
        await hand({ author: DAVE, recipients: [BOB], content, parameters }, door);
        const message = await delivered(BOB);
        expect(message.values('return-path')).toEqual([`<${DAVE}>`]);
        expect(bodyOf(message)).toBe(bodyIn(content));
      });

      test('of five megabytes', async () => {
        const content = letter(LARGE);
        await hand({ author: DAVE, recipients: [BOB], content });
        expect(digest(bodyOf(await delivered(BOB)))).toBe(digest(bodyIn(content)));
      });

      test.runIf(kind.smtpUtf8)('with an address beyond ASCII', async () => {
        const author = 'dåve@elsewhere.test';
        await hand({ author, recipients: [BOB], parameters: `SMTPUTF8 ${EIGHT_BIT}` });
        const message = await delivered(BOB);
        expect(message.values('return-path')).toEqual([`<${author}>`]);
        expect(message.values('received')[0]).toContain(' with UTF8SMTP');
      });

      test('as a client of submission, logged in over TLS that we prove', async () => {
        await hand({ author: ALICE, recipients: [CAROL] });
        const message = await delivered(CAROL);
        expect(message.values('received')[0]).toContain(' with ESMTPSA id ');
      });
    });

    test('hears our refusal of a recipient, and tells the author', async () => {
      await hand({ author: ALICE, recipients: ['nobody@example.test'] });
      const { report } = await notification(system, ALICE);
      expect(report.recipients).toMatchObject([{ action: 'failed' }]);
      await peer.said(/550 5\.1\.1 No such mailbox here/);
    });

    test('hears our refusal of the content', async () => {
      const loop = 'Received: by here.test; Mon, 23 Nov 2026 12:00:00 +0000\r\n'.repeat(MAX_HOPS);
      await hand({ author: ALICE, recipients: [BOB], content: `${loop}${letter('round')}` });
      await notification(system, ALICE);
      await peer.said(/554 5\.4\.6 Too many hops/);
    });

    test('hears that it may not connect', async () => {
      await hand({ author: DAVE, recipients: ['unwelcome@example.test'] });
      await peer.said(/Your address may not connect here/);
    });

    /** Gives it a message, as any host may. */
    async function hand(sending: Sending, door: 'full' | 'bare' = 'full'): Promise<void> {
      const { data } = await sendAsStranger({ host: '127.0.0.1', port: peer.doors[door] }, sending);
      expect(data).toMatch(/^250/);
    }

    async function delivered(recipient: string): Promise<StoredMessage> {
      const { path } = await system.logs.delivery.next('delivered', { recipient });
      return readStored(String(path));
    }
  });
}

/** Our system, with a route to each door of the neighbour, and the neighbour. */
async function startBoth(
  kind: PeerServer,
  atEnd: (end: () => Promise<void>) => void,
): Promise<[MailSystem, RunningPeer]> {
  const doors = await freeDoors();
  const tls = kind.servesTls ? 'required' : 'opportunistic';
  const routes = Object.fromEntries(
    Object.entries(doors).map(([door, port]) => [
      `${door}.peer.test`,
      { host: 'localhost', port, tls: door === 'full' ? tls : 'off' },
    ]),
  );
  const relay = {
    routes,
    max_hops: MAX_HOPS,
    allowed_peers: ['127.0.0.1'],
    retry: { schedule: ['1s'], expire: '3s', delay_warning: '2s' },
  };
  const system = await oneProcess.start({ relay }, atEnd);
  return [system, await kind.start(doors, system, atEnd)];
}

/** More than one window and one buffer, in lines of 75 octets. */
const LARGE = `${'0123456789abcdef'.repeat(4)} and some\r\n`.repeat(70_000);

/** With what breaks on the way, if anything does; dots are stuffed already. */
function letter(text: string): string {
  return [
    `From: ${ALICE}`,
    'Subject: A letter',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    `..\r\n..two dots\r\nFrom here on\r\n\r\n${text}`,
  ].join('\r\n');
}

/** The body of what was sent, as it is stored. */
function bodyIn(content: string): string {
  return `${content.slice(content.indexOf('\r\n\r\n') + 4)}\r\n`
    .replaceAll('\r\n', '\n')
    .replaceAll(/^\.\./gm, '.');
}

function bodyOf({ text }: StoredMessage): string {
  return text.slice(text.indexOf('\n\n') + 2);
}

function digest(text: string): string {
  return `${text.length} ${createHash('sha256').update(text).digest('hex')}`;
}
