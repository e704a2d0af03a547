/**
 * The ways into a session, each over a real socket: they rest on nodemailer's internals
 * (see `nodemailer-socket.ts`), so that an upgrade that changes them fails here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import type { LogFields } from '@posthouse/mail';
import { createManualClock, startScriptedPeer } from '@posthouse/testkit';
import type { ScriptedPeerOptions } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import type { ConnectTarget, TargetTls } from '../../src/outbound/connect-target.ts';
import type { ClientSession } from '../../src/outbound/session.ts';
import { PEER_CERTIFICATE } from './certificates.ts';
import { begin, BOB, commit, hello, play, QUIT, targetOf } from './peers.ts';

const DEPS = { clock: systemClock, logger: silentLogger };
const WITH_TLS: ScriptedPeerOptions = { tls: PEER_CERTIFICATE };
const REQUIRED: TargetTls = { mode: 'required', verify: true, ca: PEER_CERTIFICATE.cert };
const OPPORTUNISTIC: TargetTls = { mode: 'opportunistic', verify: false };
const EHLO_AGAIN = hello('PIPELINING').replace('S: 220 peer.example.test ESMTP', '');
const STARTTLS = `
  ${hello('STARTTLS')}
  C: STARTTLS
  ! alone
  S: 220 2.0.0 ready
  ! tls
  ${EHLO_AGAIN}
`;
const A_MESSAGE = `
  C: MAIL FROM:<alice@example.test>
  C: RCPT TO:<bob@example.test>
  S: 250 ok
  S: 250 ok
  C: DATA
  S: 354 go on
  ! content
  S: 250 ok
  ${QUIT}
`;

async function sendOne(session: ClientSession): Promise<void> {
  const transaction = begin(session);
  await transaction.recipient(BOB, NO_PARAMS);
  expect(await commit(transaction)).toMatchObject([{ kind: 'relayed' }]);
  await session.quit();
}

/** Connects to a peer that plays this, and must fail. */
async function failing(
  dialogues: readonly string[],
  target: Partial<ConnectTarget> = {},
  options: ScriptedPeerOptions = {},
): Promise<unknown> {
  const peer = await startScriptedPeer(dialogues, options);
  try {
    return await connect(targetOf(peer, target), DEPS).then(
      (session) => {
        session.destroy();
        return 'connected';
      },
      (error: unknown) => error,
    );
  } finally {
    await peer.stop();
  }
}

describe('a session', () => {
  it('opens in the clear', () =>
    play(`${hello('PIPELINING')}${A_MESSAGE}`, async (session) => {
      expect(session.tls).toBeUndefined();
      expect(session.offers.pipelining).toBe(true);
      await sendOne(session);
    }));

  it('opens over LMTP on a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'posthouse-'));
    const path = join(directory, 'lmtp');
    const dialogue = `${hello('PIPELINING').replace('EHLO', 'LHLO')}${A_MESSAGE}`;
    const target = { protocol: 'lmtp', endpoint: { path } } as const;
    await play(
      dialogue,
      async (session) => {
        expect(session.peer).toEqual({ name: path });
        await sendOne(session);
      },
      { target, peer: { path } },
    );
    await rm(directory, { recursive: true });
  });

  it('falls back to HELO, where nothing is offered', () =>
    play(
      `S: 220 old.example.test
      C: EHLO client.example.test
      S: 502 5.5.1 what
      C: HELO client.example.test
      S: 250-old.example.test
      S: 250 PIPELINING`,
      async (session) => {
        expect(session.offers).toMatchObject({ pipelining: false, size: false, mechanisms: [] });
      },
    ));

  it('reads a greeting and offers of many lines', () =>
    play(
      `S: 220-peer.example.test
      S: 220-no spam
      S: 220 please
      C: EHLO client.example.test
      S: 250-peer.example.test
      S: 250-SIZE 42
      S: 250 DSN`,
      async (session) => {
        expect(session.offers).toMatchObject({ size: true, maxSizeBytes: 42, dsn: true });
      },
    ));
});

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

describe('a peer that will not talk', () => {
  it.each([
    ['554 at the greeting', 'S: 554 5.7.1 not you', 'next-hop-refused'],
    ['421 at the greeting', 'S: 421 4.3.2 busy', 'next-hop-refused'],
    ['nonsense', 'S: SSH-2.0-OpenSSH', 'next-hop-refused'],
    ['421 at EHLO', 'S: 220 hi\nC: EHLO *\nS: 421 4.3.2 busy', 'next-hop-refused'],
    ['no to both', 'S: 220 hi\nC: EHLO *\nS: 502 no\nC: HELO *\nS: 550 no', 'next-hop-refused'],
    ['goodbye', 'S: 220 hi\nC: EHLO *\n! drop', 'next-hop-lost'],
    ['nothing and leaves', '! half-close', 'next-hop-lost'],
  ])('says %s: transient, about the host', async (_, dialogue, code) => {
    expect(await failing([dialogue])).toMatchObject({ code, permanent: false, scope: 'host' });
  });

  it('is not there at all', async () => {
    const peer = await startScriptedPeer([]);
    const target = targetOf(peer);
    await peer.stop();
    await expect(connect(target, DEPS)).rejects.toMatchObject({
      code: 'next-hop-unreachable',
      fields: { error: 'ECONNREFUSED' },
    });
  });

  it.each([
    ['greets nobody', '! mark silence', 5 * 60_000, 'next-hop-unreachable'],
    ['forgets EHLO', 'S: 220 hi\nC: EHLO *\n! mark silence', 5 * 60_000, 'next-hop-unreachable'],
    [
      'hangs in STARTTLS',
      `${hello('STARTTLS')}\nC: STARTTLS\nS: 220 ready\n! mark silence`,
      60_000,
      'next-hop-tls',
    ],
  ])('%s: given up at its deadline', async (_, dialogue, waitMs, code) => {
    const clock = createManualClock();
    const peer = await startScriptedPeer([`${dialogue}\n! stop-reading\n! until done`]);
    const target = targetOf(peer, {
      tls: { ...REQUIRED, mode: code === 'next-hop-tls' ? 'required' : 'off' },
    });
    const opening = connect(target, { ...DEPS, clock });
    const refused = expect(opening).rejects.toMatchObject({ code });
    await peer.reached('silence');
    await clock.advance(waitMs);
    await refused;
    peer.release('done');
    await peer.stop();
    expect(clock.pending).toBe(0);
  });

  it('is left when the caller has no more time', async () => {
    const peer = await startScriptedPeer(['! mark silence']);
    const deadline = new AbortController();
    const opening = connect(targetOf(peer), DEPS, deadline.signal);
    const refused = expect(opening).rejects.toMatchObject({ code: 'deadline-passed' });
    await peer.reached('silence');
    deadline.abort(new DOMException('too late', 'TimeoutError'));
    await refused;
    await expect(connect(targetOf(peer), DEPS, deadline.signal)).rejects.toMatchObject({
      code: 'deadline-passed',
    });
    await peer.stop();
  });
});
