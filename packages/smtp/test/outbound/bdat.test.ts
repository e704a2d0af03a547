import { describe, expect, it } from 'vitest';
import { NO_PARAMS } from '@posthouse/mail';
import { begin, BOB, commit, hello, MESSAGE, play, QUIT } from './peers.ts';

describe('BDAT', () => {
  it('carries a small message in one chunk, unstuffed, without waiting for a 354', () =>
    play(
      `${hello('PIPELINING', 'CHUNKING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      S: 250 ok
      C: BDAT ${MESSAGE.length} LAST
      ! octets ${MESSAGE.length}
      S: 250 ok
      ${QUIT}`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        expect(await commit(transaction)).toMatchObject([{ kind: 'relayed' }]);
        expect(peer.contents.map(String)).toEqual([MESSAGE.toString()]);
        await session.quit();
      },
    ));

  it('carries a large message in chunks, each after the one before was answered', () =>
    play(
      `${hello('PIPELINING', 'CHUNKING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      S: 250 ok
      C: BDAT 100000
      ! octets 100000
      ! alone
      S: 250 ok
      C: BDAT 100000
      ! octets 100000
      S: 250 ok
      C: BDAT 2 LAST
      ! octets 2
      S: 250 ok`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        const chunk = Buffer.alloc(100_000, 'x');
        for (let i = 0; i < 2; i++) await writer.write(chunk);
        await writer.end();
        expect(await transaction.commit()).toMatchObject([{ kind: 'relayed' }]);
        expect(peer.contents.map((content) => content.length)).toEqual([100_000, 100_000, 2]);
      },
    ));

  it('stops at a refused chunk and can still reset', () =>
    play(
      `${hello('CHUNKING')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      C: BDAT 100000
      ! octets 100000
      S: 552 5.3.4 too large
      C: RSET
      S: 250 ok
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        const chunk = Buffer.alloc(100_000, 'x');
        await writer.write(chunk);
        await expect(writer.write(chunk)).rejects.toMatchObject({ reply: { code: 552 } });
        await transaction.abort();
        expect(session.usable).toBe(true);
        await session.quit();
      },
    ));

  it('is not used where the target says so', () =>
    play(
      `${hello('CHUNKING')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      C: DATA
      S: 354 go on
      ! content
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        expect(await commit(transaction)).toMatchObject([{ kind: 'relayed' }]);
      },
      { target: { chunking: false } },
    ));
});
