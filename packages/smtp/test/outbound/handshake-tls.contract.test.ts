/**
 * The ways into a session under TLS. Over real sockets: it rests on nodemailer's internals (see `nodemailer-socket.ts`), so that
 * an upgrade that changes them fails here.
 */
import { describe, expect, it } from 'vitest';
import { silentLogger } from '@posthouse/mail';
import type { LogFields } from '@posthouse/mail';
import { startScriptedPeer } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import {
  A_MESSAGE,
  DEPS,
  EHLO_AGAIN,
  failing,
  OPPORTUNISTIC,
  REQUIRED,
  sendOne,
  STARTTLS,
  WITH_TLS,
} from './opening.ts';
import { begin, hello, play, QUIT, targetOf } from './peers.ts';

describe('TLS', () => {
  it('is begun with STARTTLS, and what was offered before it is forgotten', () =>
    play(
      `${STARTTLS}${A_MESSAGE}`,
      async (session) => {
        expect(session.tls).toMatchObject({ version: 'TLSv1.3', verified: true });
        expect(session.tls?.cipher).toMatch(/^TLS_/);
        await sendOne(session);
      },
      { target: { tls: REQUIRED, servername: 'peer.example.test' }, peer: WITH_TLS },
    ));

  it('is checked against an address where no name is known', () =>
    play(STARTTLS, async (session) => expect(session.tls?.verified).toBe(true), {
      target: { tls: REQUIRED },
      peer: WITH_TLS,
    }));

  it('is there from the start where implicit', () =>
    play(
      `! tls
      ${hello('PIPELINING', 'STARTTLS')}${A_MESSAGE}`,
      async (session) => {
        expect(session.tls?.verified).toBe(true);
        await sendOne(session);
      },
      { target: { tls: { ...REQUIRED, mode: 'implicit' } }, peer: WITH_TLS },
    ));

  it('is opportunistic with any certificate, and says that it proves nothing', () =>
    play(STARTTLS, async (session) => expect(session.tls?.verified).toBe(false), {
      target: { tls: { ...OPPORTUNISTIC, verify: true } },
      peer: WITH_TLS,
    }));

  it.each([
    ['is not offered', hello('PIPELINING')],
    ['is refused', `${hello('STARTTLS')}\nC: STARTTLS\nS: 454 4.7.0 not now`],
  ])('that is opportunistic and %s is done without', (_, dialogue) =>
    play(
      `${dialogue}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RSET
      S: 250 ok`,
      async (session) => {
        expect(session.tls).toBeUndefined();
        const transaction = begin(session);
        await transaction.opened;
        await transaction.abort();
      },
      { target: { tls: OPPORTUNISTIC }, peer: WITH_TLS },
    ),
  );

  it.each(['! garbage', '! drop'])(
    'that is opportunistic and breaks by %s is left out of a new connection',
    async (fault) => {
      const peer = await startScriptedPeer([
        `${hello('STARTTLS')}\nC: STARTTLS\nS: 220 ready\n${fault}\n! drop`,
        `${hello('STARTTLS', 'PIPELINING')}${A_MESSAGE}`,
      ]);
      const events: LogFields[] = [];
      const logger = { ...silentLogger, warn: (fields: LogFields) => events.push(fields) };
      const session = await connect(targetOf(peer, { tls: OPPORTUNISTIC }), { ...DEPS, logger });
      expect(session.tls).toBeUndefined();
      await sendOne(session);
      expect(events).toMatchObject([{ event: 'tls-fallback' }]);
      await peer.stop();
    },
  );

  it.each([
    ['is not offered', `${hello('PIPELINING')}\nC: STARTTLS\nS: 502 5.5.1 what`],
    ['is refused', `${hello('STARTTLS')}\nC: STARTTLS\nS: 554 5.7.0 never`],
    ['breaks', `${hello('STARTTLS')}\nC: STARTTLS\nS: 220 ready\n! drop`],
  ])('that is required and %s is a transient refusal', async (_, dialogue) => {
    expect(await failing([dialogue], { tls: REQUIRED }, WITH_TLS)).toMatchObject({
      code: 'next-hop-tls',
      permanent: false,
      scope: 'host',
    });
  });

  it.each([
    ['nobody vouches for', { tls: { mode: 'required', verify: true } }],
    ['is for another name', { tls: REQUIRED, servername: 'other.example.test' }],
  ] as const)('that is required refuses a certificate that %s', async (_, target) => {
    const dialogue = `${hello('STARTTLS')}\nC: STARTTLS\nS: 220 ready\n! tls`;
    expect(await failing([dialogue], target, WITH_TLS)).toMatchObject({ code: 'next-hop-tls' });
    const implicit = { ...target, tls: { ...target.tls, mode: 'implicit' as const } };
    expect(await failing(['! tls'], implicit, WITH_TLS)).toMatchObject({ code: 'next-hop-tls' });
  });

  it.each([
    ['that is valid', REQUIRED, undefined],
    ['that nobody vouches for', OPPORTUNISTIC, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('shows a certificate %s', async (_, tls, problem) =>
    play(
      `${STARTTLS}${QUIT}`,
      async (session) => {
        const certificate = session.certificate();
        expect(certificate).toMatchObject({
          subject: 'peer.example.test',
          issuer: 'peer.example.test',
        });
        expect(certificate?.validTo).toBeGreaterThan(Date.now());
        expect(certificate?.problem).toBe(problem);
        await session.quit();
        expect(session.certificate()).toBeUndefined();
      },
      { target: { tls }, peer: WITH_TLS },
    ),
  );

  it('forgets what was offered in the clear where nothing is offered under it', () =>
    play(
      `${hello('STARTTLS', 'CHUNKING')}
      C: STARTTLS
      S: 220 ready
      ! tls
      C: EHLO client.example.test
      S: 502 5.5.1 what
      C: HELO client.example.test
      S: 250 peer.example.test`,
      async (session) => {
        expect(session.tls).toBeDefined();
        expect(session.offers.chunking).toBe(false);
      },
      { target: { tls: OPPORTUNISTIC }, peer: WITH_TLS },
    ));

  it('takes nothing for an answer that was said before it in the clear', () =>
    play(
      `${hello('STARTTLS')}
      C: STARTTLS
      S: 220 ready
      S: 250-evil.example.test
      S: 250 AUTH PLAIN
      ! tls
      ${EHLO_AGAIN}`,
      async (session) => expect(session.offers.mechanisms).toEqual([]),
      { target: { tls: REQUIRED }, peer: WITH_TLS },
    ));
});
