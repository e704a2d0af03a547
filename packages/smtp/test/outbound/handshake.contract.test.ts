/**
 * The ways into a session in the clear, and those that end before it. Over real sockets: it rests on nodemailer's internals (see `nodemailer-socket.ts`), so that
 * an upgrade that changes them fails here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createManualClock, startScriptedPeer } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import { A_MESSAGE, DEPS, failing, REQUIRED, sendOne } from './opening.ts';
import { hello, play, targetOf } from './peers.ts';

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
