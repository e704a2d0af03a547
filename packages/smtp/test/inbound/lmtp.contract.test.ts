/** LMTP: one reply for each recipient that was taken (RFC 2033). */
import { createReply, enhancedStatus, outcomeOfError, refuse } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { recordedAddresses } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { startListener } from './listener-under-test.ts';

const status = enhancedStatus;
const outcomes: Readonly<Record<string, RecipientOutcome>> = {
  delivered: { kind: 'delivered', status: status(2, 0, 0) },
  relayed: {
    kind: 'relayed',
    status: status(2, 0, 0),
    reply: createReply(250, undefined, 'fine'),
    notifies: true,
  },
  full: outcomeOfError(refuse('mailbox-full')),
  slow: { kind: 'delayed', status: status(4, 2, 0), reason: 'Not yet' },
  gone: { kind: 'failed', status: status(5, 1, 1), reason: 'No mailbox', proof: 'no-such-mailbox' },
  spoken: {
    kind: 'failed',
    status: status(5, 7, 1),
    reason: 'refused',
    reply: createReply(550, status(5, 7, 1), 'spam', 'see https://example.test'),
    proof: 'peer-reply',
  },
};

describe('LMTP', () => {
  it('greets with LHLO only', async () => {
    const { connect } = await startListener({ protocol: 'lmtp' });
    await connect(`
      S: 220 mx.example.test LMTP Posthouse
      C: EHLO client.example.test
      S: 500 5.5.1 This is LMTP: say LHLO
      C: HELO client.example.test
      S: 500 5.5.1 *
      C: LHLO client.example.test
      S+ 250
    `);
  });

  it('answers each recipient that was taken, duplicates and spellings included, in order', async () => {
    const { session, receiver, log } = await startListener(
      { protocol: 'lmtp' },
      {
        script: {
          onRecipient: ({ localPart }) =>
            localPart === 'nobody' ? refuse('no-such-mailbox') : undefined,
          onCommit: ({ localPart }) => outcomes[localPart],
        },
      },
    );
    await session(`
      C: MAIL FROM:<a@b.test>
      C: RCPT TO:<delivered@d.test>
      C: RCPT TO:<nobody@d.test>
      C: RCPT TO:<Delivered@d.test>
      C: RCPT TO:<delivered@d.test>
      C: RCPT TO:<full@d.test>
      C: RCPT TO:<slow@d.test>
      C: RCPT TO:<gone@d.test>
      C: RCPT TO:<spoken@d.test>
      C: RCPT TO:<relayed@d.test>
      C: DATA
      S: 250 2.1.0 *
      S: 250 2.1.5 *
      S: 550 5.1.1 *
      S: 250 2.1.5 *
      S: 250 2.1.5 *
      S: 250 2.1.5 *
      S: 250 2.1.5 *
      S: 250 2.1.5 *
      S: 250 2.1.5 *
      S: 250 2.1.5 *
      S: 354 *
      C: .
      C: NOOP
      S: 250 2.0.0 Ok: delivered as *
      S: 250 2.0.0 Ok: queued as *
      S: 250 2.0.0 Ok: delivered as *
      S: 452 4.2.2 Mailbox is full, try again later
      S: 451 4.2.0 Not yet
      S: 554 5.1.1 No mailbox
      S: 550-5.7.1 spam
      S: 550 5.7.1 see https://example.test
      S: 250 2.0.0 Ok: relayed as *
      S: 250 2.0.0 Ok
    `);
    const message = await receiver.message(0);
    expect(recordedAddresses(message)).toHaveLength(8);
    expect(Buffer.from(message.content.prefix).toString()).toMatch(/ with LMTP id /);
    expect(log.filter(({ event }) => event === 'message-refused')).toMatchObject([
      { recipient: 'full@d.test', reply: '452 4.2.2 Mailbox is full, try again later' },
      { recipient: 'slow@d.test' },
      { recipient: 'gone@d.test' },
      { recipient: 'spoken@d.test' },
    ]);
  });

  it('answers each recipient where the whole message is refused', async () => {
    const { session } = await startListener(
      { protocol: 'lmtp', limits: { maxMessageBytes: 10 } },
      {
        receiver: (recording) => ({
          ...recording,
          begin(...opening) {
            const transaction = recording.begin(...opening);
            transaction.commit = () => Promise.reject(new Error('the disk fell out'));
            return transaction;
          },
        }),
      },
    );
    const envelope = `
      C: MAIL FROM:<a@b.test>
      C: RCPT TO:<c@d.test>
      C: RCPT TO:<c@d.test>
      S: 250 *
      S: 250 *
      S: 250 *
    `;
    await session(`
      ${envelope}
      C: DATA
      S: 354 *
      C< bare\\n\\r\\n.\\r\\n
      S: 550 5.5.2 *
      S: 550 5.5.2 *
      ${envelope}
      C: DATA
      S: 354 *
      C: too much of it
      C: .
      S: 552 5.3.4 *
      S: 552 5.3.4 *
      ${envelope}
      C: DATA
      S: 354 *
      C: .
      S: 451 4.3.0 *
      S: 451 4.3.0 *
      ${envelope}
      C: BDAT 3
      C< a\\r\\n
      S: 250 2.0.0 3 octets received
      C: BDAT 0 LAST
      S: 451 4.3.0 *
      S: 451 4.3.0 *
      C: NOOP
      S: 250 *
    `);
  });

  it('needs no recipient to be taken for DATA to be refused once', async () => {
    const { session } = await startListener({ protocol: 'lmtp' });
    await session(`
      C: MAIL FROM:<a@b.test>
      C: DATA
      S: 250 *
      S: 503 5.5.1 No valid recipients
      C: NOOP
      S: 250 *
    `);
  });
});
