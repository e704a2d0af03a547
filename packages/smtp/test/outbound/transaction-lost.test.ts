import { describe, expect, it } from 'vitest';
import { NO_PARAMS } from '@posthouse/mail';
import { createManualClock } from '@posthouse/testkit';
import { begin, BOB, CAROL, commit, ENVELOPE, hello, HOST, MESSAGE, play } from './peers.ts';

describe('a transaction that is lost', () => {
  const upToContent = `${hello('PIPELINING')}
    ${ENVELOPE}
    C: DATA
    S: 354 go on`;

  it.each(['drop', 'half-close'])('after the final dot by a %s is delayed, in doubt', (fault) =>
    play(`${upToContent}\n! content\n! ${fault}`, async (session) => {
      const transaction = begin(session);
      await transaction.recipient(BOB, NO_PARAMS);
      expect(await commit(transaction)).toMatchObject([
        { kind: 'delayed', scope: 'host', inDoubt: true, host: HOST },
      ]);
      await session.closed;
      expect(session.usable).toBe(false);
    }),
  );

  it('after the final dot by silence is delayed, in doubt, after five minutes', async () => {
    const clock = createManualClock();
    await play(
      `${upToContent}\n! content\n! mark silence`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const committed = commit(transaction);
        await peer.reached('silence');
        await clock.advance(5 * 60_000 - 1);
        expect(clock.pending).toBe(1);
        await clock.advance(1);
        expect(await committed).toMatchObject([
          { kind: 'delayed', status: { class: 4, subject: 4, detail: 2 }, inDoubt: true },
        ]);
      },
      { clock },
    );
  });

  it('after the final dot by the caller’s deadline is delayed, in doubt', () =>
    play(`${upToContent}\n! content\n! mark silence`, async (session, peer) => {
      const transaction = begin(session);
      await transaction.recipient(BOB, NO_PARAMS);
      const writer = transaction.stage(Buffer.alloc(0));
      await writer.write(MESSAGE);
      await writer.end();
      const deadline = new AbortController();
      const committed = transaction.commit(deadline.signal);
      await peer.reached('silence');
      deadline.abort(new DOMException('too late', 'TimeoutError'));
      expect(await committed).toMatchObject([{ kind: 'delayed', inDoubt: true }]);
    }));

  it('before the final dot is delayed and not in doubt', () =>
    play(`${upToContent}\n! drop`, async (session) => {
      const transaction = begin(session);
      await transaction.recipient(BOB, NO_PARAMS);
      const writer = transaction.stage(Buffer.alloc(0));
      await writer.write(MESSAGE);
      await writer.end();
      await session.closed;
      const [outcome] = await transaction.commit();
      expect(outcome).toMatchObject({ kind: 'delayed', scope: 'host' });
      expect(outcome).not.toHaveProperty('inDoubt');
    }));

  it('to a peer that takes no more of a large message ends after three minutes, not in doubt', async () => {
    const clock = createManualClock();
    await play(
      `${upToContent}\n! stop-reading\n! mark stopped\n! until done`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        const block = Buffer.alloc(1 << 20, 'x');
        let stuck: Promise<void> = Promise.resolve();
        for (let settled = true; settled;) {
          stuck = writer.write(block);
          settled = await Promise.race([stuck.then(() => true), turns(50).then(() => false)]);
        }
        await peer.reached('stopped');
        const refused = expect(stuck).rejects.toMatchObject({ code: 'deadline-passed' });
        await clock.advance(3 * 60_000);
        await refused;
        await transaction.abort();
        peer.release('done');
      },
      { clock },
    );
  });

  it('at MAIL is refused to all as transient', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      ! drop`,
      async (session) => {
        const transaction = begin(session);
        const bob = transaction.recipient(BOB, NO_PARAMS);
        const lost = { code: 'next-hop-lost', permanent: false, scope: 'host', host: HOST };
        await expect(transaction.opened).rejects.toMatchObject(lost);
        await expect(bob).rejects.toMatchObject(lost);
        await transaction.abort();
      },
    ));

  it('by a 421 has that reply, and ends there', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      C: RCPT TO:<carol@example.test>
      S: 250 ok
      S: 421 4.3.2 going down`,
      async (session) => {
        const transaction = begin(session);
        const bob = transaction.recipient(BOB, NO_PARAMS);
        const carol = transaction.recipient(CAROL, NO_PARAMS);
        await expect(bob).rejects.toMatchObject({ reply: { code: 421 }, scope: 'host' });
        await expect(carol).rejects.toMatchObject({ code: 'next-hop-lost' });
        await transaction.abort();
        expect(session.usable).toBe(false);
      },
    ));

  it.each([
    ['a 354 to MAIL', 'S: 354 go on'],
    ['a 250 to DATA', 'S: 250 ok\nC: RCPT TO:<bob@example.test>\nS: 250 ok\nC: DATA\nS: 250 ok'],
  ])('with %s is out of step, and ends there', (_, dialogue) =>
    play(`${hello()}\nC: MAIL FROM:<alice@example.test>\n${dialogue}`, async (session) => {
      const transaction = begin(session);
      const sent = async (): Promise<void> => {
        await transaction.recipient(BOB, NO_PARAMS);
        await commit(transaction);
      };
      await expect(sent()).rejects.toMatchObject({ code: 'next-hop-lost', permanent: false });
      await transaction.abort();
      expect(session.usable).toBe(false);
    }),
  );

  it('with a reply nobody asked for is out of step, and ends there', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session);
        await transaction.opened;
        await session.closed;
        await expect(transaction.recipient(BOB, NO_PARAMS)).rejects.toMatchObject({
          code: 'next-hop-lost',
        });
        await transaction.abort();
      },
    ));
});

/** Lets the event loop turn: what can happen without time passing has happened then. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
