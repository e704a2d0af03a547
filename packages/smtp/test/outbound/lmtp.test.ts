import { describe, expect, it } from 'vitest';
import { NO_PARAMS } from '@posthouse/mail';
import { begin, BOB, CAROL, commit, DAVE, hello, play, QUIT } from './peers.ts';

const LMTP = { target: { protocol: 'lmtp' } } as const;
const lhlo = (...offers: readonly string[]): string => hello(...offers).replace('EHLO', 'LHLO');

describe('a transaction over LMTP', () => {
  it('has a reply of its own for each recipient after the content', () =>
    play(
      `${lhlo('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      C: RCPT TO:<carol@example.test>
      C: RCPT TO:<dave@example.test>
      S: 250 ok
      S: 250 ok
      S: 550 5.1.1 no carol
      S: 250 ok
      C: DATA
      S: 354 go on
      ! content
      S: 250 2.0.0 bob has it
      S: 452 4.2.2 dave is full
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        const [bob, carol, dave] = [BOB, CAROL, DAVE].map((path) =>
          transaction.recipient(path, NO_PARAMS),
        );
        await expect(carol).rejects.toMatchObject({ reply: { code: 550 } });
        await Promise.all([bob, dave]);
        expect(await commit(transaction)).toMatchObject([
          { kind: 'relayed', reply: { lines: ['bob has it'] } },
          { kind: 'delayed', reply: { code: 452 }, scope: 'message' },
        ]);
        await session.quit();
      },
      LMTP,
    ));

  it('keeps the replies that came before the connection broke; the rest is in doubt', () =>
    play(
      `${lhlo('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      C: RCPT TO:<carol@example.test>
      S: 250 ok
      S: 250 ok
      S: 250 ok
      C: DATA
      S: 354 go on
      ! content
      S: 250 2.0.0 bob has it
      ! half-close`,
      async (session) => {
        const transaction = begin(session);
        await Promise.all([BOB, CAROL].map((path) => transaction.recipient(path, NO_PARAMS)));
        expect(await commit(transaction)).toMatchObject([
          { kind: 'relayed' },
          { kind: 'delayed', inDoubt: true },
        ]);
      },
      LMTP,
    ));

  it('names a mailbox once, however often it was named, and answers each time', () =>
    play(
      `${lhlo()}
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
        await Promise.all([BOB, BOB, BOB].map((path) => transaction.recipient(path, NO_PARAMS)));
        expect(await commit(transaction)).toMatchObject(
          [BOB, BOB, BOB].map(() => ({ kind: 'relayed' })),
        );
      },
      LMTP,
    ));

  it('shares a refusal between the names of one mailbox', () =>
    play(
      `${lhlo('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      S: 550 5.1.1 no bob
      C: RSET
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session);
        const answers = [BOB, BOB].map((path) => transaction.recipient(path, NO_PARAMS));
        for (const answer of answers) {
          await expect(answer).rejects.toMatchObject({ reply: { code: 550 } });
        }
        await transaction.abort();
      },
      LMTP,
    ));

  it('has a reply for each recipient after BDAT LAST too, and one for a chunk before it', () =>
    play(
      `${lhlo('CHUNKING')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      C: RCPT TO:<carol@example.test>
      S: 250 ok
      C: BDAT 70000
      ! octets 70000
      S: 250 ok
      C: BDAT 2 LAST
      ! octets 2
      S: 250 bob has it
      S: 550 5.7.1 carol wants none
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        await Promise.all([BOB, CAROL].map((path) => transaction.recipient(path, NO_PARAMS)));
        const outcomes = await commit(transaction, Buffer.alloc(70_000, 'x'));
        expect(outcomes).toMatchObject([{ kind: 'relayed' }, { kind: 'failed' }]);
        await session.quit();
      },
      LMTP,
    ));
});
