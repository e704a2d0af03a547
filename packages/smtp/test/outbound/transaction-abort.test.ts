import { describe, expect, it } from 'vitest';
import { NO_PARAMS } from '@posthouse/mail';
import { begin, BOB, CAROL, ENVELOPE, hello, MESSAGE, play, QUIT } from './peers.ts';

describe('giving up a transaction', () => {
  it('resets it while it is idle, once', () =>
    play(
      `${hello('PIPELINING')}
      ${ENVELOPE}
      C: RSET
      S: 250 ok
      ${QUIT}`,
      async (session) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        await Promise.all([transaction.abort(), transaction.abort()]);
        await transaction.abort();
        await expect(transaction.recipient(CAROL, NO_PARAMS)).rejects.toThrow();
        await session.quit();
      },
    ));

  it('closes in the middle of the content and never sends a final dot', () =>
    play(
      `${hello('PIPELINING')}
      ${ENVELOPE}
      C: DATA
      S: 354 go on`,
      async (session) => {
        const transaction = begin(session);
        await transaction.recipient(BOB, NO_PARAMS);
        const writer = transaction.stage(Buffer.alloc(0));
        await writer.write(MESSAGE);
        await writer.end();
        await transaction.abort();
        await expect(transaction.commit()).rejects.toThrow();
        expect(session.usable).toBe(false);
      },
    ));

  it('makes what is pending reject', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      ! mark rcpt`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.opened;
        const bob = transaction.recipient(BOB, NO_PARAMS);
        await peer.reached('rcpt');
        await transaction.abort();
        await expect(bob).rejects.toMatchObject({ permanent: false });
      },
    ));

  it('by a deadline while the peer owes an answer ends the connection', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      ! mark rcpt`,
      async (session, peer) => {
        const transaction = begin(session);
        await transaction.opened;
        const deadline = new AbortController();
        const bob = transaction.recipient(BOB, NO_PARAMS, deadline.signal);
        await peer.reached('rcpt');
        deadline.abort(new DOMException('too late', 'TimeoutError'));
        await expect(bob).rejects.toMatchObject({ code: 'deadline-passed' });
        expect(session.usable).toBe(false);
        await transaction.abort();
      },
    ));
});
