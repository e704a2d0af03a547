import { describe, expect, it } from 'vitest';
import { NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import { startScriptedPeer } from '@posthouse/testkit';
import type { ScriptedPeerOptions } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import type { ConnectTarget } from '../../src/outbound/connect-target.ts';
import type { ClientSession } from '../../src/outbound/session.ts';
import { PEER_CERTIFICATE } from './certificates.ts';
import { begin, BOB, commit, hello, MESSAGE_ON_THE_WIRE, QUIT, targetOf } from './peers.ts';

const SIGNS = { sent: '>', received: '<', noted: '=' };
const SECRET = 'se cret';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What is told of a session with a peer that plays this, one string a line. */
async function transcriptOf(
  dialogue: string,
  target: Partial<ConnectTarget>,
  run: (session: ClientSession) => Promise<unknown> = (session) => session.quit(),
  options: ScriptedPeerOptions = {},
): Promise<readonly string[]> {
  const lines: string[] = [];
  const peer = await startScriptedPeer([dialogue], options);
  const deps = {
    clock: systemClock,
    logger: silentLogger,
    onLine: ({ direction, text }: { direction: keyof typeof SIGNS; text: string }): void => {
      lines.push(`${SIGNS[direction]} ${text}`);
    },
  };
  await connect(targetOf(peer, target), deps).then(run, () => undefined);
  await peer.stop();
  return lines;
}

async function sendOne(session: ClientSession): Promise<void> {
  const transaction = begin(session);
  await transaction.recipient(BOB, NO_PARAMS);
  await commit(transaction);
  await session.quit();
}

describe('a transcript', () => {
  it('tells a whole session, and of the content its length', async () => {
    const lines = await transcriptOf(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      S: 250 2.1.0 ok
      S: 250-2.1.5 one
      S: 250 2.1.5 two
      C: DATA
      S: 354 go on
      ! content
      S: 250 2.0.0 taken
      ${QUIT}`,
      {},
      sendOne,
    );
    expect(lines).toEqual([
      '= Connected to 127.0.0.1',
      '< 220 peer.example.test ESMTP',
      '> EHLO client.example.test',
      '< 250-peer.example.test',
      '< 250 PIPELINING',
      '> MAIL FROM:<alice@example.test>',
      '> RCPT TO:<bob@example.test>',
      '< 250 2.1.0 ok',
      '< 250-2.1.5 one',
      '< 250 2.1.5 two',
      '> DATA',
      '< 354 go on',
      `= ${MESSAGE_ON_THE_WIRE.length} octets of content`,
      '< 250 2.0.0 taken',
      '> QUIT',
      '< 221 2.0.0 bye',
    ]);
  });

  it('tells the handshake of TLS between STARTTLS and the second EHLO', async () => {
    const lines = await transcriptOf(
      `${hello('STARTTLS')}
      C: STARTTLS
      S: 220 2.0.0 ready
      ! tls
      ${hello('PIPELINING').replace('S: 220 peer.example.test ESMTP', '')}
      ${QUIT}`,
      { tls: { mode: 'required', verify: true, ca: PEER_CERTIFICATE.cert } },
      undefined,
      { tls: PEER_CERTIFICATE },
    );
    const tls = lines.findIndex((line) => line.startsWith('= TLSv1.'));
    expect(lines[tls]).toMatch(/^= TLSv1\.3 with \S+, certificate verified$/);
    expect(lines.slice(tls - 1, tls + 2)).toEqual([
      '< 220 2.0.0 ready',
      lines[tls],
      '> EHLO client.example.test',
    ]);
  });

  it.each([
    [
      'PLAIN',
      `C: AUTH PLAIN ${base64(`\0posthouse\0${SECRET}`)}\nS: 235 2.7.0 welcome`,
      ['> AUTH PLAIN (hidden)', '< 235 2.7.0 welcome'],
    ],
    [
      'LOGIN',
      `C: AUTH LOGIN
      S: 334 VXNlcm5hbWU6
      C: ${base64('posthouse')}
      S: 334 UGFzc3dvcmQ6
      C: ${base64(SECRET)}
      S: 235 2.7.0 welcome`,
      ['> AUTH LOGIN', '> (hidden)', '> (hidden)', '< 235 2.7.0 welcome'],
    ],
  ])('hides what a login with %s says', async (mechanism, dialogue, told) => {
    const authentication = { user: 'posthouse', password: () => SECRET, allowWithoutTls: true };
    const lines = await transcriptOf(`${hello(`AUTH ${mechanism}`)}\n${dialogue}\n${QUIT}`, {
      authentication,
    });
    expect(lines).toEqual(expect.arrayContaining(told));
    const shown = lines.join('\n');
    for (const secret of [SECRET, base64(SECRET), base64(`\0posthouse\0${SECRET}`)]) {
      expect(shown).not.toContain(secret);
    }
  });

  it('shows no control characters of the peer', async () => {
    const lines = await transcriptOf(`S: 554 \u001b[2Jgone`, {});
    expect(lines).toContain('< 554  [2Jgone');
  });
});
