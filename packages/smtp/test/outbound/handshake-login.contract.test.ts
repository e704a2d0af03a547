/**
 * The ways into a session with a login. Over real sockets: it rests on nodemailer's internals (see `nodemailer-socket.ts`), so that
 * an upgrade that changes them fails here.
 */
import { describe, expect, it } from 'vitest';
import { startScriptedPeer } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import { A_MESSAGE, DEPS, failing, REQUIRED, sendOne, STARTTLS, WITH_TLS } from './opening.ts';
import { begin, BOB, hello, play, QUIT, targetOf } from './peers.ts';

describe('a login', () => {
  const authentication = { user: 'posthouse', password: () => 'se cret', allowWithoutTls: true };
  const plain = Buffer.from('\0posthouse\0se cret').toString('base64');

  it('is made with PLAIN', () =>
    play(
      `${hello('PIPELINING', 'AUTH LOGIN PLAIN')}
      C: AUTH PLAIN ${plain}
      S: 235 2.7.0 welcome
      ${A_MESSAGE}`,
      sendOne,
      { target: { authentication } },
    ));

  it('is made with LOGIN where there is no PLAIN, and lets AUTH= follow', () =>
    play(
      `${hello('PIPELINING', 'AUTH LOGIN')}
      C: AUTH LOGIN
      S: 334 VXNlcm5hbWU6
      C: ${Buffer.from('posthouse').toString('base64')}
      S: 334 UGFzc3dvcmQ6
      C: ${Buffer.from('se cret').toString('base64')}
      S: 235 2.7.0 welcome
      C: MAIL FROM:<alice@example.test> AUTH=alice@example.test
      S: 250 ok
      C: RSET
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session, {
          auth: { localPart: 'alice', domain: BOB.domain },
        });
        await transaction.opened;
        await transaction.abort();
      },
      { target: { authentication } },
    ));

  it.each([
    ['535 5.7.8 wrong', 'AUTH PLAIN'],
    ['454 4.7.0 later', 'AUTH PLAIN'],
  ])('that is refused with %s is our trouble, with the peer’s reply for the log', async (reply) => {
    const dialogue = `${hello('AUTH PLAIN')}\nC: AUTH PLAIN *\nS: ${reply}`;
    const error = await failing([dialogue], { authentication });
    expect(error).toMatchObject({
      code: 'next-hop-authentication',
      permanent: false,
      scope: 'host',
      heard: { code: Number(reply.slice(0, 3)) },
    });
    expect(JSON.stringify(error)).not.toContain('cret');
  });

  it('is not made in the clear to a TCP endpoint, nor without a mechanism that we know', async () => {
    const shy = { user: 'posthouse', password: () => 'secret' };
    for (const [offer, target] of [
      ['AUTH PLAIN', shy],
      ['AUTH CRAM-MD5', authentication],
    ] as const) {
      expect(await failing([hello(offer)], { authentication: target })).toMatchObject({
        code: 'next-hop-authentication',
      });
    }
  });

  it('is made under TLS without more ado', () =>
    play(
      `${STARTTLS.replace('PIPELINING', 'AUTH PLAIN')}
      C: AUTH PLAIN ${plain}
      S: 235 2.7.0 welcome`,
      async (session) => expect(session.usable).toBe(true),
      {
        target: { tls: REQUIRED, authentication: { ...authentication, allowWithoutTls: false } },
        peer: WITH_TLS,
      },
    ));

  it('never shows the secret in a log', async () => {
    const lines: string[] = [];
    const log = (...parts: readonly unknown[]): number => lines.push(JSON.stringify(parts));
    const logger = { debug: log, info: log, warn: log, error: log };
    const peer = await startScriptedPeer([
      `${hello('AUTH PLAIN')}\nC: AUTH PLAIN *\nS: 235 ok\n${QUIT}`,
    ]);
    const session = await connect(targetOf(peer, { authentication }), { ...DEPS, logger });
    await session.quit();
    await session.closed;
    await peer.stop();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('')).not.toMatch(new RegExp(`cret|${plain}`));
  });
});
