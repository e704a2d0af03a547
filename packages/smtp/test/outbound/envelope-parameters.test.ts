import { describe, expect, it } from 'vitest';
import { NO_PARAMS, NULL_PATH, parseEnvelopeId } from '@posthouse/mail';
import type { MailParams } from '@posthouse/mail';
import { mailbox, testContext } from '@posthouse/testkit';
import { ALICE, begin, BOB, CAROL, ENVELOPE, hello, HOST, play, QUIT } from './peers.ts';

describe('parameters', () => {
  const envid = parseEnvelopeId('ab+c=1');
  const all: MailParams = {
    sizeBytes: 1234,
    body: '8BITMIME',
    smtpUtf8: true,
    ret: 'HDRS',
    auth: NULL_PATH,
    ...(envid === undefined ? {} : { envid }),
  };

  it('are sent where the peer offers them', () =>
    play(
      `${hello('PIPELINING', 'SIZE 10000', '8BITMIME', 'SMTPUTF8', 'DSN')}
      C: MAIL FROM:<alice@example.test> SIZE=1234 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=ab+2Bc+3D1
      C: RCPT TO:<b\u00f6b@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob+2Bx@example.test
      C: RCPT TO:<carol@example.test> NOTIFY=NEVER
      S: 250 ok
      S: 250 ok
      S: 250 ok
      C: RSET
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session, all);
        await Promise.all([
          transaction.recipient(mailbox('b\u00f6b@example.test'), {
            notify: ['success', 'delay'],
            orcpt: { type: 'rfc822', address: 'bob+x@example.test' },
          }),
          transaction.recipient(CAROL, { notify: 'never' }),
        ]);
        await transaction.abort();
      },
    ));

  it('that are only wishes are left out where the peer does not', () =>
    play(
      `${hello('PIPELINING', '8BITMIME', 'SMTPUTF8')}
      C: MAIL FROM:<alice@example.test> BODY=8BITMIME SMTPUTF8
      C: RCPT TO:<carol@example.test>
      S: 250 ok
      S: 250 ok
      C: RSET
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session, all);
        await transaction.recipient(CAROL, { notify: 'never' });
        await transaction.abort();
      },
    ));

  it.each([
    ['smtputf8-unsupported', { smtpUtf8: true }],
    ['encryption-needed', { requireTls: true }],
    ['message-too-large', { sizeBytes: 10_001 }],
  ] as const)('that the message cannot do without are refused unsaid: %s', (code, params) =>
    play(`${hello('PIPELINING', 'SIZE 10000', 'REQUIRETLS')}\n${QUIT}`, async (session) => {
      const transaction = begin(session, params);
      await expect(transaction.opened).rejects.toMatchObject({ code, permanent: true, host: HOST });
      await expect(transaction.recipient(BOB, NO_PARAMS)).rejects.toMatchObject({ code });
      await transaction.abort();
      expect(session.usable).toBe(true);
      await session.quit();
    }),
  );

  it('refuse a recipient outside ASCII in a transaction that is not', () =>
    play(
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RSET
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session);
        await expect(
          transaction.recipient(mailbox('b\u00f6b@example.test'), NO_PARAMS),
        ).rejects.toMatchObject({ code: 'smtputf8-unsupported' });
        await transaction.opened;
        await transaction.abort();
      },
    ));

  it('never smuggle a line, even in a mailbox that no parser made', () =>
    play(`${hello('PIPELINING')}`, async (session) => {
      const evil = { ...ALICE, localPart: 'a\r\nRSET' };
      const transaction = session.begin(evil, NO_PARAMS, testContext());
      await expect(transaction.opened).rejects.toMatchObject({ code: 'local-trouble' });
      await transaction.abort();
    }));

  it('obey the peer’s limits', () =>
    play(
      `${hello('PIPELINING', 'LIMITS RCPTMAX=1 MAILMAX=1')}
      ${ENVELOPE}
      C: RSET
      S: 250 ok`,
      async (session) => {
        const transaction = begin(session);
        const [bob, carol] = [BOB, CAROL].map((path) => transaction.recipient(path, NO_PARAMS));
        await expect(carol).rejects.toMatchObject({
          code: 'too-many-recipients',
          reply: { code: 452 },
        });
        await bob;
        await transaction.abort();
        expect(session.usable).toBe(false);
      },
    ));

  it('tell the context to a peer of ours that offers to hear it, and to no other', async () => {
    const context = testContext();
    for (const shareContext of [true, false]) {
      await play(
        `${hello('XPOSTHOUSE')}
        C: MAIL FROM:<alice@example.test>${shareContext ? ' XPOSTHOUSE=*' : ''}
        S: 250 ok
        C: RSET
        S: 250 ok`,
        async (session) => {
          const transaction = session.begin(ALICE, NO_PARAMS, context);
          await transaction.opened;
          await transaction.abort();
        },
        { target: { shareContext } },
      );
    }
  });

  it('keep the context to themselves where the peer wants a login first', async () => {
    await play(
      `${hello('AUTH PLAIN', 'XPOSTHOUSE')}
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RSET
      S: 250 ok`,
      async (session) => {
        const transaction = session.begin(ALICE, NO_PARAMS, testContext());
        await transaction.opened;
        await transaction.abort();
      },
      { target: { shareContext: true } },
    );
  });
});
