/** Addresses, parameters and recipients of a mail transaction, as they are seen on the wire. */
import { formatMailbox, formatPath, refuse } from '@posthouse/mail';
import { domain, recordedAddresses } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { startListener } from './listener-under-test.ts';

describe('addresses', () => {
  it('reach the receiver parsed: quoted, routed, international', async () => {
    const { session, receiver } = await startListener();
    await session(`
      C: MAIL FROM:<"a b>@"@MÜNCHEN.test> SMTPUTF8
      S: 250 2.1.0 *
      C: RCPT TO:<@relay.test,@other.test:"c@d"@example.test>
      S: 250 2.1.5 *
      C: RCPT TO:<Postmaster>
      S: 250 2.1.5 *
      C: RCPT TO:<žluť@example.test>
      S: 250 2.1.5 *
      C: RCPT TO:<x@[192.0.2.1]>
      S: 250 2.1.5 *
      C: RCPT TO:<no-brackets@example.test
      S: 501 5.1.3 *
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    const message = await receiver.message(0);
    expect(formatPath(message.reversePath)).toBe('<"a b>@"@xn--mnchen-3ya.test>');
    expect(recordedAddresses(message)).toEqual([
      '"c@d"@example.test',
      'postmaster@mx.example.test',
      'žluť@example.test',
      'x@[192.0.2.1]',
    ]);
  });

  it('of a postmaster without a domain are in the domain that is named for it', async () => {
    const { session, receiver } = await startListener({ postmasterDomain: domain('example.test') });
    await session(`
      C: MAIL FROM:<>
      S: 250 *
      C: RCPT TO:<PostMaster>
      S: 250 2.1.5 *
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    expect(recordedAddresses(await receiver.message(0))).toEqual(['postmaster@example.test']);
  });

  it('outside ASCII need SMTPUTF8', async () => {
    const { session } = await startListener();
    await session(`
      C: MAIL FROM:<ž@b.test>
      S: 553 5.6.7 *
      C: MAIL FROM:<a@münchen.test>
      S: 553 5.6.7 *
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<ž@b.test>
      S: 553 5.6.7 *
      C: RCPT TO:<a@münchen.test>
      S: 553 5.6.7 *
    `);
  });
});

describe('parameters', () => {
  it('reach the receiver as data', async () => {
    const { session, receiver } = await startListener();
    await session(`
      C: MAIL FROM:<a@b.test> SIZE=3 BODY=8BITMIME RET=HDRS ENVID=QQ+2B AUTH=<>
      S: 250 2.1.0 *
      C: RCPT TO:<c@d.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;C@D.test
      S: 250 2.1.5 *
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    const message = await receiver.message(0);
    expect(message.params).toEqual({
      sizeBytes: 3,
      body: '8BITMIME',
      ret: 'HDRS',
      envid: 'QQ+',
      auth: '<>',
    });
    expect(message.recipients[0]?.params).toEqual({
      notify: ['success', 'delay'],
      orcpt: { type: 'rfc822', address: 'C@D.test' },
    });
  });

  it.each(['FOO=1', 'HOLDFOR=600', 'MT-PRIORITY=9', 'BY=1', 'XPOSTHOUSE=e30', 'REQUIRETLS'])(
    'are 555 where they are not offered: %s',
    async (parameter) => {
      const { session } = await startListener();
      await session(`
        C: MAIL FROM:<a@b.test> ${parameter}
        S: 555 5.5.4 *${parameter.split('=')[0]}
      `);
    },
  );

  it('of a size over the limit are 552 at MAIL', async () => {
    const { session } = await startListener({ limits: { maxMessageBytes: 100 } });
    await session(`
      C: MAIL FROM:<a@b.test> SIZE=101
      S: 552 5.3.4 Message is larger than 100 octets
      C: MAIL FROM:<a@b.test> SIZE=100
      S: 250 *
    `);
  });
});

describe('recipients', () => {
  it('are limited; the refused ones do not count', async () => {
    const { session } = await startListener(
      { limits: { maxRecipients: 2 } },
      {
        script: {
          onRecipient: (path) =>
            path.localPart === 'nobody' ? refuse('no-such-mailbox') : undefined,
        },
      },
    );
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<nobody@d.test>
      S: 550 5.1.1 No such mailbox here
      C: RCPT TO:<c@d.test>
      S: 250 *
      C: RCPT TO:<d@d.test>
      S: 250 *
      C: RCPT TO:<e@d.test>
      S: 452 4.5.3 *
    `);
  });

  it('of one SMTP message are kept as often as they were named', async () => {
    const { session, receiver } = await startListener();
    await session(`
      C: MAIL FROM:<a@b.test>
      C: RCPT TO:<c@d.test>
      C: RCPT TO:<C@d.test>
      C: RCPT TO:<c@d.test>
      C: DATA
      S: 250 *
      S: 250 *
      S: 250 *
      S: 250 *
      S: 354 *
      C: .
      S: 250 *
    `);
    const message = await receiver.message(0);
    expect(message.recipients.map(({ forwardPath }) => formatMailbox(forwardPath))).toEqual([
      'c@d.test',
      'C@d.test',
      'c@d.test',
    ]);
  });
});
