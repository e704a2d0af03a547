import { describe, expect, it } from 'vitest';
import { NO_PARAMS, NULL_PATH } from '@posthouse/mail';
import { testContext } from '@posthouse/testkit';
import {
  ALICE,
  begin,
  BOB,
  CAROL,
  commit,
  DAVE,
  ENVELOPE,
  hello,
  HOST,
  MESSAGE,
  MESSAGE_ON_THE_WIRE,
  play,
  QUIT,
} from './peers.ts';

describe('a transaction', () => {
  it('goes out as one batch and one write of content where all is said in one turn', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      C: RCPT TO:<carol@example.test>
      C: DATA
      ! alone
      S: 250 2.1.0 sender ok
      S: 250 2.1.5 bob ok
      S: 250 2.1.5 carol ok
      S: 354 go on
      ! content
      S: 250-2.0.0 taken
      S: 250 2.0.0 as 4711
      ${QUIT}`,
      async (session, peer) => {
        const transaction = begin(session);
        const named = [BOB, CAROL].map((path) => transaction.recipient(path, NO_PARAMS));
        const writer = transaction.stage(Buffer.from('Received: here\r\n'));
        await writer.write(MESSAGE);
        await writer.end();
        await Promise.all([transaction.opened, ...named]);
        const relayed = {
          kind: 'relayed',
          status: { class: 2, subject: 0, detail: 0 },
          reply: {
            code: 250,
            status: { class: 2, subject: 0, detail: 0 },
            lines: ['taken', 'as 4711'],
          },
          host: HOST,
          notifies: false,
        };
        expect(await transaction.commit()).toEqual([relayed, relayed]);
        expect(peer.contents.map(String)).toEqual([`Received: here\r\n${MESSAGE_ON_THE_WIRE}`]);
        expect(session.usable).toBe(true);
        await session.quit();
        expect(session.usable).toBe(false);
      },
    ));

  it('waits for each reply where the peer does not offer PIPELINING', () =>
    play(
      `${hello('8BITMIME')}
      C: MAIL FROM:<alice@example.test>
      ! alone
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      ! alone
      S: 250 ok
      C: RCPT TO:<carol@example.test>
      ! alone
      S: 250 ok
      C: DATA
      ! alone
      S: 354 go on
      ! content
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session);
        const named = [BOB, CAROL].map((path) => transaction.recipient(path, NO_PARAMS));
        const outcomes = await commit(transaction);
        await Promise.all(named);
        expect(outcomes.map((outcome) => outcome.kind)).toEqual(['relayed', 'relayed']);
      },
    ));

  it('answers each recipient when the peer has, in the peer’s words, and delivers to the rest', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<>
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      C: RCPT TO:<carol@example.test>
      C: RCPT TO:<dave@example.test>
      S: 250 2.1.5 ok
      ! until bob
      S: 550-5.1.1 there is no carol
      S: 550 5.1.1 here
      S: 250 2.1.5 ok
      C: DATA
      S: 354 go on
      ! content
      S: 250 2.0.0 ok`,
      async (session, peer) => {
        const transaction = session.begin(NULL_PATH, NO_PARAMS, testContext());
        await transaction.opened;
        const [bob, carol, dave] = [BOB, CAROL, DAVE].map((path) =>
          transaction.recipient(path, NO_PARAMS),
        );
        await bob;
        peer.release('bob');
        await expect(carol).rejects.toMatchObject({
          code: 'peer-refused',
          permanent: true,
          proof: 'peer-reply',
          host: HOST,
          reply: {
            code: 550,
            status: { class: 5, subject: 1, detail: 1 },
            lines: ['there is no carol', 'here'],
          },
        });
        await dave;
        const outcomes = await commit(transaction);
        expect(outcomes.map((outcome) => outcome.kind)).toEqual(['relayed', 'relayed']);
      },
    ));

  it('resets where every recipient was refused', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      S: 450 4.2.0 later
      C: RSET
      S: 250 ok
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        await expect(transaction.recipient(BOB, NO_PARAMS)).rejects.toMatchObject({
          permanent: false,
          scope: 'recipient',
          reply: { code: 450 },
        });
        expect(() => transaction.stage(Buffer.alloc(0))).toThrow('no recipient');
        await transaction.abort();
        expect(session.usable).toBe(true);
        await session.quit();
      },
    ));

  it('resets where every recipient was refused and DATA was under way', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 no
      S: 554 5.5.1 no valid recipients
      C: RSET
      S: 250 ok
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        const bob = transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        await writer.write(MESSAGE);
        await expect(writer.end()).rejects.toThrow('every recipient was refused');
        await expect(transaction.commit()).rejects.toThrow();
        await expect(bob).rejects.toMatchObject({ permanent: true });
        await transaction.abort();
        expect(session.usable).toBe(true);
        await session.quit();
      },
    ));

  it('closes where a peer takes DATA for no recipient at all', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      C: DATA
      S: 250 ok
      S: 550 5.1.1 no
      S: 354 go on anyway`,
      async (session) => {
        const transaction = begin(session);
        const bob = transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        await expect(writer.end()).rejects.toThrow('every recipient was refused');
        await expect(bob).rejects.toMatchObject({ permanent: true });
        await transaction.abort();
        expect(session.usable).toBe(false);
      },
    ));

  it('tells recipients why MAIL was refused, and not the 503 that follows from it', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      S: 451 4.7.1 greylisted
      S: 503 5.5.1 need MAIL first
      ${QUIT}`,
      async (session) => {
        const signal = new AbortController().signal;
        const transaction = session.begin(ALICE, NO_PARAMS, testContext(), signal);
        const greylisted = { reply: { code: 451 }, permanent: false, scope: 'message' };
        const bob = transaction.recipient(BOB, NO_PARAMS);
        await expect(transaction.opened).rejects.toMatchObject(greylisted);
        await expect(bob).rejects.toMatchObject(greylisted);
        await expect(transaction.recipient(CAROL, NO_PARAMS)).rejects.toMatchObject(greylisted);
        await transaction.abort();
        expect(session.usable).toBe(true);
        await session.quit();
      },
    ));

  it.each([
    ['550 5.7.1 spam', 'failed', 5],
    ['450 4.7.1 later', 'delayed', 4],
    ['530 5.7.0 log in first', 'delayed', 4],
  ])('makes %s after the content an outcome: %s', (reply, kind, statusClass) =>
    play(
      `${hello('PIPELINING')}
      ${ENVELOPE}
      C: DATA
      S: 354 go on
      ! content
      S: ${reply}
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const [outcome] = await commit(transaction);
        expect(outcome).toMatchObject({
          kind,
          status: { class: statusClass },
          reply: { code: Number(reply.slice(0, 3)) },
          host: HOST,
        });
        expect(outcome).not.toHaveProperty('inDoubt');
        expect(session.usable).toBe(true);
        await session.quit();
      },
    ),
  );

  it('throws a refused DATA at the end of writing', () =>
    play(
      `${hello('PIPELINING')}
      ${ENVELOPE}
      C: DATA
      S: 451 4.3.0 no room
      C: RSET
      S: 250 ok
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        await expect(commit(transaction)).rejects.toMatchObject({ reply: { code: 451 } });
        await expect(transaction.commit()).rejects.toThrow();
        await transaction.abort();
        await session.quit();
      },
    ));

  it('takes a reply before the final dot for the refusal that it is, and closes', () =>
    play(
      `${hello('PIPELINING')}
      ${ENVELOPE}
      C: DATA
      S: 354 go on
      C: first line
      S: 552 5.3.4 far too large
      ! stop-reading
      ! until done`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.from('first line\r\n'));
        const block = Buffer.alloc(1 << 16, 'x');
        const refusal = (async () => {
          for (;;) await writer.write(block);
        })();
        await expect(refusal).rejects.toMatchObject({ reply: { code: 552 }, permanent: true });
        await transaction.abort();
        peer.release('done');
        expect(session.usable).toBe(false);
      },
    ));

  it('refuses content with a bare line ending and never ends it', () =>
    play(
      `${hello('PIPELINING')}
      ${ENVELOPE}`,
      async (session) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        await expect(writer.write(Buffer.from('a\n.\r\n'))).rejects.toMatchObject({
          code: 'bare-line-ending',
        });
        await expect(writer.write(MESSAGE)).rejects.toThrow();
        await expect(writer.end()).rejects.toThrow();
        await expect(transaction.commit()).rejects.toThrow();
        await transaction.abort();
        expect(session.usable).toBe(false);
      },
    ));

  it('streams a large message, stuffed, in whatever chunks', () => {
    const line = `.${'x'.repeat(99)}\r\n`;
    const large = Buffer.from(line.repeat(20_000));
    return play(
      `${hello('PIPELINING')}
      ${ENVELOPE}
      C: DATA
      S: 354 go on
      ! content
      S: 250 ok`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        const scratch = Buffer.alloc(70_001);
        for (let at = 0; at < large.length; at += scratch.length) {
          const length = large.copy(scratch, 0, at);
          await writer.write(scratch.subarray(0, length));
          scratch.fill('!');
        }
        await writer.end();
        expect((await transaction.commit()).map((outcome) => outcome.kind)).toEqual(['relayed']);
        expect(peer.contents[0]?.equals(Buffer.from(`${`.${line}`.repeat(20_000)}.\r\n`))).toBe(
          true,
        );
      },
    );
  });
});
