/** Content that leaves together with MAIL and RCPT: one round trip. */
import { describe, expect, it } from 'vitest';
import { contentOf, NO_PARAMS, pour } from '@posthouse/mail';
import type { MailParams } from '@posthouse/mail';
import { mailbox, testContext } from '@posthouse/testkit';
import {
  AHEAD,
  BDAT,
  OFFERS,
  RELAYED,
  RESET,
  send,
  TAKEN,
  TO_BOB,
  TO_BOTH,
  WAITING,
  withHop,
} from './ahead.ts';
import type { Facts } from './ahead.ts';
import { ALICE, BOB, CAROL, commit, hello, MESSAGE, QUIT } from './peers.ts';

describe('content ahead of the answers', () => {
  it('leaves with MAIL and RCPT, on a fresh connection and when it is used again', () =>
    withHop(
      [`${OFFERS}${AHEAD}\n${TAKEN}\n${AHEAD}\n${TAKEN}\n${QUIT}`],
      async (hop, { contents }) => {
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        expect(contents).toEqual([MESSAGE, MESSAGE]);
      },
    ));

  it('goes to those who are taken, and the others have their own answer', () =>
    withHop(
      [
        `${OFFERS}${TO_BOTH}\n${BDAT}
        S: 250 ok
        S: 550 5.1.1 no bob
        S: 250 ok
        S: 250 2.0.0 taken
        ${QUIT}`,
      ],
      async (hop) => {
        const { answers, outcomes } = send(hop, { to: [BOB, CAROL] });
        expect(await outcomes).toMatchObject(RELAYED);
        expect(await answers).toMatchObject([
          { status: 'fulfilled' },
          { status: 'rejected', reason: { reply: { code: 550 }, permanent: true, inDoubt: false } },
          { status: 'fulfilled' },
        ]);
      },
    ));

  it('is taken off the wire by a peer that takes nobody, and the connection serves on', () =>
    withHop(
      [
        `${OFFERS}${AHEAD}
        S: 250 ok
        S: 550 5.1.1 no bob
        S: 554 5.5.1 no valid recipients
        ${RESET}
        ${AHEAD}\n${TAKEN}\n${QUIT}`,
      ],
      async (hop) => {
        const { answers, outcomes } = send(hop);
        await expect(outcomes).rejects.toThrow('every recipient was refused');
        expect(await answers).toMatchObject([{}, { reason: { reply: { code: 550 } } }]);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
      },
    ));

  it('is refused with MAIL, whose answer is that of all, and the connection serves on', () =>
    withHop(
      [
        `${OFFERS}${AHEAD}
        S: 550 5.7.1 not you
        S: 503 5.5.1 MAIL first
        S: 503 5.5.1 MAIL first
        ${RESET}
        ${AHEAD}\n${TAKEN}\n${QUIT}`,
      ],
      async (hop) => {
        const { answers, outcomes } = send(hop);
        const refused = { reply: { code: 550 }, permanent: true, inDoubt: false };
        await expect(outcomes).rejects.toMatchObject(refused);
        expect(await answers).toMatchObject([{ reason: refused }, { reason: refused }]);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
      },
    ));

  it('may be refused by itself, and the peer is asked to forget the rest', () =>
    withHop(
      [`${OFFERS}${AHEAD}\nS: 250 ok\nS: 250 ok\nS: 550 5.7.1 spam\n${RESET}\n${QUIT}`],
      async (hop) => {
        expect(await send(hop).outcomes).toMatchObject([{ kind: 'failed', reply: { code: 550 } }]);
      },
    ));

  it('waits where it is large', () => {
    const large = Buffer.alloc(70_000, 'x\r\n');
    return withHop(
      [
        `${OFFERS}${TO_BOB}\n! alone\nS: 250 ok\nS: 250 ok
        C: BDAT 70000\n! octets 70000\nS: 250 ok\nC: BDAT 2 LAST\n! octets 2\nS: 250 ok\n${QUIT}`,
      ],
      async (hop) => {
        expect(await send(hop, { bytes: large }).outcomes).toMatchObject(RELAYED);
      },
    );
  });

  it.each<[string, string, Facts['target']]>([
    ['over LMTP', OFFERS.replace('EHLO', 'LHLO'), { protocol: 'lmtp' }],
    ['to an agent of ours', OFFERS, { shareContext: true }],
    ['without PIPELINING', hello('CHUNKING'), {}],
  ])('waits %s', (_, greeting, target) => {
    const pipelined = `${WAITING}\n${QUIT}`;
    const oneByOne = pipelined.replace(
      '\nC: RCPT TO:<bob@example.test>\n! alone\nS: 250 ok',
      '\n! alone\nS: 250 ok\nC: RCPT TO:<bob@example.test>\n! alone',
    );
    const dialogue = greeting.includes('PIPELINING') ? pipelined : oneByOne;
    return withHop(
      [`${greeting}${dialogue}`],
      async (hop) => expect(await send(hop).outcomes).toMatchObject(RELAYED),
      { ...(target && { target }) },
    );
  });

  it('leaves with DATA in the old way where the target says no to chunks', () =>
    withHop(
      [
        `${OFFERS}${TO_BOB}\nC: DATA\n! alone\nS: 250 ok\nS: 250 ok\nS: 354 go on
        ! content\nS: 250 ok\n${QUIT}`,
      ],
      async (hop) => expect(await send(hop).outcomes).toMatchObject(RELAYED),
      { target: { chunking: false } },
    ));

  it('waits for recipients that were asked before, as in cut-through', () =>
    withHop([`${OFFERS}${WAITING}\n${QUIT}`], async (hop) => {
      const transaction = hop.begin(ALICE, NO_PARAMS, testContext());
      await transaction.recipient(BOB, NO_PARAMS);
      expect(await commit(transaction)).toMatchObject(RELAYED);
    }));
});

describe('what a peer is told ahead of its answers', () => {
  it('has all parameters, and content in the seven bits that it takes', () => {
    const eight = Buffer.from(
      'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n' +
        'Content-Transfer-Encoding: 8bit\r\n\r\nna\u00efve\r\n',
    );
    const seven = eight.toString('latin1').replace('8bit', 'quoted-printable').length + 4;
    return withHop(
      [
        `${hello('PIPELINING', 'CHUNKING', 'DSN', 'SMTPUTF8', 'SIZE 1000')}
        C: MAIL FROM:<alice@example.test> SMTPUTF8 RET=HDRS
        C: RCPT TO:<bob@example.test>
        C: BDAT ${seven} LAST
        ! octets ${seven}
        ${TAKEN}\n${QUIT}`,
      ],
      async (hop, { contents }) => {
        const params: MailParams = {
          smtpUtf8: true,
          ret: 'HDRS',
          sizeBytes: 400,
          body: '8BITMIME',
        };
        expect(await send(hop, { params, bytes: eight }).outcomes).toMatchObject(RELAYED);
        expect(contents.join('')).toContain('na=C3=AFve');
      },
    );
  });

  it('is no recipient more than it takes', () =>
    withHop(
      [`${hello('PIPELINING', 'CHUNKING', 'LIMITS RCPTMAX=1')}${AHEAD}\n${TAKEN}\n${QUIT}`],
      async (hop) => {
        const { answers, outcomes } = send(hop, { to: [BOB, CAROL] });
        expect(await outcomes).toMatchObject(RELAYED);
        expect(await answers).toMatchObject([
          {},
          { status: 'fulfilled' },
          { reason: { code: 'too-many-recipients' } },
        ]);
      },
    ));

  it('is no content where no recipient could be named', () =>
    withHop(
      [`${OFFERS}C: MAIL FROM:<alice@example.test>\n! alone\nS: 250 ok\n${RESET}\n${QUIT}`],
      async (hop) => {
        const { answers, outcomes } = send(hop, { to: [mailbox('jürgen@example.test')] });
        await expect(outcomes).rejects.toThrow('every recipient was refused');
        expect(await answers).toMatchObject([{}, { reason: { code: 'smtputf8-unsupported' } }]);
      },
    ));

  it('is nothing where the message is too large for it', () =>
    withHop([`${hello('PIPELINING', 'CHUNKING', 'SIZE 10')}${QUIT}`], async (hop) => {
      const { outcomes } = send(hop, { params: { sizeBytes: 400 } });
      await expect(outcomes).rejects.toMatchObject({ code: 'message-too-large', inDoubt: false });
    }));

  it('is no content where it cannot be converted, and recipients keep their answers', () =>
    withHop(
      [
        `${hello('CHUNKING')}
        C: MAIL FROM:<alice@example.test>\n! alone\nS: 250 ok
        C: RCPT TO:<bob@example.test>\n! alone\nS: 250 ok
        ${RESET}\n${QUIT}`,
      ],
      async (hop) => {
        const bytes = Buffer.from('Subject: na\u00efve\r\n\r\nhello\r\n');
        const { answers, outcomes } = send(hop, { params: { body: '8BITMIME' }, bytes });
        await expect(outcomes).rejects.toMatchObject({ code: 'eight-bit-unsupported' });
        expect(await answers).toMatchObject([{}, { status: 'fulfilled' }]);
      },
    ));

  it('is no content where the caller gives up before he commits', () =>
    withHop([`${OFFERS}${TO_BOB}\n! mark asked`], async (hop, peer) => {
      const transaction = hop.begin(ALICE, NO_PARAMS, testContext());
      const bob = transaction.recipient(BOB, NO_PARAMS);
      await pour(contentOf(MESSAGE), transaction.stage(Buffer.alloc(0)));
      await peer.reached('asked');
      await transaction.abort();
      await expect(bob).rejects.toMatchObject({ permanent: false, inDoubt: false });
      await expect(transaction.commit()).rejects.toThrow();
    }));

  it('cannot be taken back once the commit has begun', () =>
    withHop(
      [`${OFFERS}${AHEAD}\n! mark all\n! until done\n${TAKEN}\n${QUIT}`],
      async (hop, peer) => {
        const { outcomes, transaction } = send(hop);
        await peer.reached('all');
        const aborted = transaction.abort();
        peer.release('done');
        await aborted;
        expect(await outcomes).toMatchObject(RELAYED);
      },
    ));
});
