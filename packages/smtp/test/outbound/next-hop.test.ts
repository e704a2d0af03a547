import { describe, expect, it } from 'vitest';
import { MailError, NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import type { MailTransaction } from '@posthouse/mail';
import { startScriptedPeer, testContext } from '@posthouse/testkit';
import type { ScriptedPeer } from '@posthouse/testkit';
import { createNextHop } from '../../src/outbound/next-hop.ts';
import type { NextHop } from '../../src/outbound/next-hop.ts';
import type { SessionPoolOptions } from '../../src/outbound/session-pool.ts';
import { ALICE, BOB, CAROL, commit, hello, QUIT, targetOf } from './peers.ts';

const DEPS = { clock: systemClock, logger: silentLogger };
const ENVELOPE = `
  C: MAIL FROM:<alice@example.test>
  C: RCPT TO:<bob@example.test>
`;
const ONE_MESSAGE = `
  ${ENVELOPE}
  S: 250 ok
  S: 250 ok
  C: DATA
  S: 354 go on
  ! content
  S: 250 2.0.0 ok
`;

/** Plays against a next hop with one peer for each list of dialogues. */
async function withHop(
  dialogues: readonly (readonly string[])[],
  run: (hop: NextHop, peers: readonly ScriptedPeer[]) => Promise<void>,
  pool: SessionPoolOptions = {},
): Promise<void> {
  const peers = await Promise.all(dialogues.map((each) => startScriptedPeer(each)));
  const hop = createNextHop({ target: peers.map((peer) => targetOf(peer)), pool }, DEPS);
  await hop.start();
  try {
    await run(hop, peers);
  } finally {
    await hop.stop();
    for (const peer of peers) await peer.stop();
  }
}

function begin(hop: NextHop, signal?: AbortSignal): MailTransaction {
  return hop.begin(ALICE, NO_PARAMS, testContext(), signal);
}

async function sendOne(hop: NextHop): Promise<void> {
  const transaction = begin(hop);
  await Promise.all([transaction.opened, transaction.recipient(BOB, NO_PARAMS)]);
  expect(await commit(transaction)).toMatchObject([{ kind: 'relayed' }]);
}

describe('a next hop', () => {
  it('says in one batch what was said before its session stood, and again on a reused one', () =>
    withHop([[`${hello('PIPELINING')}${ONE_MESSAGE}${ONE_MESSAGE}${QUIT}`]], async (hop) => {
      await sendOne(hop);
      await sendOne(hop);
    }));

  it('says DATA together with the envelope where content is staged ahead, and reuses the connection when nobody is taken', () =>
    withHop(
      [
        [
          `${hello('PIPELINING')}
          ${ENVELOPE}
          C: DATA
          S: 250 ok
          S: 550 5.1.1 no bob here
          S: 503 5.5.1 no recipients
          C: RSET
          S: 250 ok
          ${ENVELOPE}
          C: DATA
          S: 250 ok
          S: 250 ok
          S: 354 go on
          ! content
          S: 250 2.0.0 ok
          ${QUIT}`,
        ],
      ],
      async (hop, [peer]) => {
        const refused = begin(hop);
        const answer = refused.recipient(BOB, NO_PARAMS);
        refused.stage(new Uint8Array());
        await expect(answer).rejects.toMatchObject({ reply: { code: 550 } });
        await refused.abort();
        const transaction = begin(hop);
        const taken = transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(new Uint8Array());
        await taken;
        await writer.write(Buffer.from('Subject: x\r\n\r\n'));
        await writer.end();
        expect(await transaction.commit()).toMatchObject([{ kind: 'relayed' }]);
        expect(peer?.connections).toBe(1);
      },
    ));

  it('answers one of three recipients with the peer’s 550 and delivers to the others', () =>
    withHop(
      [
        [
          `${hello('PIPELINING')}
          C: MAIL FROM:<alice@example.test>
          C: RCPT TO:<bob@example.test>
          C: RCPT TO:<carol@example.test>
          C: RCPT TO:<bob@example.test>
          S: 250 ok
          S: 250 ok
          S: 550 5.1.1 no carol here
          S: 250 ok
          C: DATA
          S: 354 go on
          ! content
          S: 250 ok
          ${QUIT}`,
        ],
      ],
      async (hop) => {
        const transaction = begin(hop);
        const answers = await Promise.allSettled(
          [BOB, CAROL, BOB].map((path) => transaction.recipient(path, NO_PARAMS)),
        );
        expect(answers).toMatchObject([
          { status: 'fulfilled' },
          {
            status: 'rejected',
            reason: { code: 'peer-refused', reply: { code: 550, lines: ['no carol here'] } },
          },
          { status: 'fulfilled' },
        ]);
        expect(await commit(transaction)).toHaveLength(2);
      },
    ));

  it('replaces a dead connection unseen, before MAIL was answered', () =>
    withHop(
      [
        [
          `${hello('PIPELINING')}${ONE_MESSAGE}${ENVELOPE}\n! drop`,
          `${hello('PIPELINING')}${ONE_MESSAGE}${QUIT}`,
        ],
      ],
      async (hop, [peer]) => {
        await sendOne(hop);
        await sendOne(hop);
        expect(peer?.connections).toBe(2);
      },
    ));

  it('replaces one that says 421 in place of MAIL’s answer too', () =>
    withHop(
      [
        [
          `${hello('PIPELINING')}${ONE_MESSAGE}${ENVELOPE}\nS: 421 4.4.2 idle for too long`,
          `${hello('PIPELINING')}${ONE_MESSAGE}${QUIT}`,
        ],
      ],
      async (hop) => {
        await sendOne(hop);
        await sendOne(hop);
      },
    ));

  it('replaces once, and a fresh connection never', () =>
    withHop(
      [
        [
          `${hello('PIPELINING')}${ONE_MESSAGE}${ENVELOPE}\n! drop`,
          `${hello('PIPELINING')}${ENVELOPE}\n! drop`,
        ],
      ],
      async (hop, [peer]) => {
        await sendOne(hop);
        const transaction = begin(hop);
        const bob = transaction.recipient(BOB, NO_PARAMS);
        await expect(transaction.opened).rejects.toMatchObject({ code: 'next-hop-lost' });
        await expect(bob).rejects.toMatchObject({ code: 'next-hop-lost' });
        await transaction.abort();
        expect(peer?.connections).toBe(2);
      },
    ));

  it('repeats nothing once MAIL was answered', () =>
    withHop(
      [[`${hello('PIPELINING')}${ONE_MESSAGE}${ENVELOPE}\nS: 250 ok\n! drop`]],
      async (hop, [peer]) => {
        await sendOne(hop);
        const transaction = begin(hop);
        await expect(transaction.recipient(BOB, NO_PARAMS)).rejects.toMatchObject({
          code: 'next-hop-lost',
          permanent: false,
        });
        await transaction.abort();
        expect(peer?.connections).toBe(1);
      },
    ));

  it('tells what is lost after the final dot as delayed and in doubt, and repeats nothing', () =>
    withHop(
      [
        [
          `${hello('PIPELINING')}${ENVELOPE}
          S: 250 ok
          S: 250 ok
          C: DATA
          S: 354 go on
          ! content
          ! drop`,
        ],
      ],
      async (hop, [peer]) => {
        const transaction = begin(hop);
        await transaction.recipient(BOB, NO_PARAMS);
        expect(await commit(transaction)).toMatchObject([{ kind: 'delayed', inDoubt: true }]);
        expect(peer?.connections).toBe(1);
      },
    ));

  it('stays with one host, and tries the next only while no session stands', () =>
    withHop(
      [['S: 554 5.7.1 not you'], [`${hello('PIPELINING')}${ONE_MESSAGE}${ONE_MESSAGE}${QUIT}`]],
      async (hop, [first]) => {
        await sendOne(hop);
        await sendOne(hop);
        expect(first?.connections).toBe(1); // it rests
      },
    ));

  it('tells the last host’s trouble where none can be reached', () =>
    withHop([['S: 554 5.7.1 not you'], ['S: 421 4.3.2 busy']], async (hop) => {
      const transaction = begin(hop);
      await expect(transaction.opened).rejects.toMatchObject({
        code: 'next-hop-refused',
        permanent: false,
        heard: { code: 421 },
      });
      await expect(transaction.recipient(BOB, NO_PARAMS)).rejects.toBeInstanceOf(MailError);
      await transaction.abort();
    }));

  it('hopes for everything until an EHLO was seen, then offers what the hop does', () =>
    withHop(
      [[`${hello('SIZE 1000', 'DSN', 'LIMITS RCPTMAX=5', 'REQUIRETLS')}\n${QUIT}`]],
      async (hop) => {
        const hopes = { dsn: true, smtpUtf8: true, eightBitMime: true, requireTls: false };
        expect(hop.capabilities()).toEqual(hopes);
        const transaction = hop.begin(ALICE, { smtpUtf8: true }, testContext());
        await expect(transaction.opened).rejects.toMatchObject({
          code: 'smtputf8-unsupported',
          permanent: true,
        });
        await transaction.abort();
        expect(hop.capabilities()).toEqual({
          maxSizeBytes: 1000,
          maxRecipients: 5,
          dsn: true,
          smtpUtf8: false,
          eightBitMime: true,
          requireTls: false,
        });
      },
    ));

  it('gives a session back whose transaction was refused, even if nobody aborts', () =>
    withHop(
      [
        [
          `${hello()}
          C: MAIL FROM:<alice@example.test>
          S: 550 5.7.1 no
          C: MAIL FROM:<alice@example.test>
          S: 550 5.7.1 no
          ${QUIT}`,
        ],
      ],
      async (hop) => {
        for (let i = 0; i < 2; i++) {
          await expect(begin(hop).opened).rejects.toMatchObject({ permanent: true });
        }
      },
      { maxConnections: 1 },
    ));

  it('can be given up while it seeks a session, which then serves the next', () =>
    withHop(
      [[`${hello()}\n! mark first\nC: MAIL FROM:*\nS: 250 ok\nC: RSET\nS: 250 ok\n${QUIT}`]],
      async (hop) => {
        const holder = begin(hop);
        const waiting = begin(hop);
        const bob = waiting.recipient(BOB, NO_PARAMS);
        await waiting.abort();
        await expect(waiting.opened).rejects.toBeInstanceOf(MailError);
        await expect(bob).rejects.toBeInstanceOf(MailError);
        await expect(waiting.commit()).rejects.toThrow();
        await holder.opened;
        await holder.abort();
      },
      { maxConnections: 1 },
    ));

  it('forgets a recipient whose time was up before a session stood', () =>
    withHop([[`! until go\n${hello('PIPELINING')}${ONE_MESSAGE}${QUIT}`]], async (hop, [peer]) => {
      const transaction = begin(hop);
      const deadline = new AbortController();
      const carol = transaction.recipient(CAROL, NO_PARAMS, deadline.signal);
      const bob = transaction.recipient(BOB, NO_PARAMS);
      deadline.abort(new DOMException('too late', 'TimeoutError'));
      await expect(carol).rejects.toMatchObject({ code: 'deadline-passed' });
      peer?.release('go');
      await bob;
      expect(await commit(transaction)).toHaveLength(1);
    }));

  it('obeys a deadline of the whole', () =>
    withHop([['! mark accepted']], async (hop, [peer]) => {
      const deadline = new AbortController();
      const transaction = begin(hop, deadline.signal);
      await peer?.reached('accepted');
      deadline.abort(new DOMException('too late', 'TimeoutError'));
      await expect(transaction.opened).rejects.toMatchObject({ code: 'deadline-passed' });
      await transaction.abort();
    }));

  it('must have a target, and one protocol', () => {
    expect(() => createNextHop({ target: [] }, DEPS)).toThrow(TypeError);
  });
});
