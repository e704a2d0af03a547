/** What the client is told of outcomes and refusals, and what the log is told. */
import { createReply, enhancedStatus, MailError, peerRefusal, refuse } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { describe, expect, it } from 'vitest';
import { ENVELOPE, startListener } from './listener-under-test.ts';

const status = enhancedStatus;

describe('the one reply of SMTP', () => {
  const outcome = (given: object): RecipientOutcome =>
    ({ status: status(4, 0, 0), reason: 'why', ...given }) as RecipientOutcome; // each case is complete

  it.each([
    ['accepted', { kind: 'accepted', id: 'QUEUEID' }, '250 2.0.0 Ok: queued as QUEUEID'],
    [
      'relayed',
      { kind: 'relayed', reply: createReply(250, undefined, 'x') },
      '250 2.0.0 Ok: relayed as *',
    ],
    ['delivered', { kind: 'delivered' }, '250 2.0.0 Ok: delivered as *'],
    ['delayed', { kind: 'delayed', status: status(4, 4, 1) }, '451 4.4.1 why'],
    ['failed', { kind: 'failed', status: status(5, 4, 6), proof: 'loop' }, '554 5.4.6 why'],
    ['full', { kind: 'delayed', status: status(4, 2, 2) }, '452 4.2.2 why'],
    ['too large', { kind: 'failed', status: status(5, 2, 2), proof: 'policy' }, '552 5.2.2 why'],
    [
      'delayed by a peer',
      { kind: 'delayed', reply: createReply(452, status(4, 3, 1), 'full') },
      '452 4.3.1 full',
    ],
    [
      'refused by a peer',
      { kind: 'failed', proof: 'peer-reply', reply: createReply(550, status(5, 7, 1), 'spam') },
      '550 5.7.1 spam',
    ],
    [
      'refused by a peer without a status',
      { kind: 'failed', proof: 'peer-reply', reply: createReply(554, undefined, 'no') },
      '554 5.0.0 no',
    ],
    [
      'ended by a peer that closes',
      { kind: 'delayed', reply: createReply(421, status(4, 3, 2), 'closing') },
      '451 4.3.2 closing',
    ],
    [
      'delayed by what proves nothing',
      { kind: 'delayed', reply: createReply(530, status(5, 7, 0), 'log in') },
      '451 4.7.0 log in',
    ],
    [
      'given up with a last transient reply',
      { kind: 'failed', proof: 'expired', reply: createReply(450, status(4, 2, 1), 'later') },
      '554 5.2.1 later',
    ],
  ])('for a message %s', async (_, given, reply) => {
    const { session } = await startListener({}, { script: { onCommit: () => outcome(given) } });
    await session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
      C: .
      S: ${reply}
      C: NOOP
      S: 250 *
    `);
  });

  it('is no success where one recipient was not taken', async () => {
    const { session } = await startListener(
      {},
      {
        script: {
          onCommit: ({ localPart }) =>
            localPart === 'late' ? outcome({ kind: 'delayed' }) : undefined,
        },
      },
    );
    await session(`
      ${ENVELOPE}
      C: RCPT TO:<late@d.test>
      S: 250 *
      C: DATA
      S: 354 *
      C: .
      S: 451 4.0.0 why
    `);
  });
});

describe('a refusal', () => {
  it.each([
    [
      'of ours, as it stands',
      refuse('no-such-mailbox', { text: 'Gone', more: ['and away'] }),
      ['550-5.1.1 Gone', '550 5.1.1 and away'],
    ],
    [
      'of a peer, in its words',
      peerRefusal(createReply(551, status(5, 1, 6), 'moved')),
      ['551 5.1.6 moved'],
    ],
    ['of a peer that closes', peerRefusal(createReply(421, undefined, 'bye')), ['451 4.0.0 bye']],
    [
      'of a peer that wants a login',
      peerRefusal(createReply(530, undefined, 'who?')),
      ['451 4.0.0 who?'],
    ],
    [
      'with a status of its own',
      new MailError('relay-denied', createReply(550, status(5, 7, 27), 'x'), 'policy'),
      ['550 5.7.27 x'],
    ],
  ])('%s', async (_, error, lines) => {
    const { session } = await startListener({}, { script: { onRecipient: () => error } });
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<c@d.test>
      ${lines.map((line) => `S: ${line}`).join('\n')}
      C: NOOP
      S: 250 *
    `);
  });

  it('is told to the log, with why, and what was taken is too', async () => {
    const { session, log } = await startListener(
      {},
      {
        script: {
          onRecipient: ({ localPart }) =>
            localPart === 'x' ? refuse('relay-denied', { fields: { rule: 'closed' } }) : undefined,
        },
      },
    );
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<x@d.test>
      S: 554 *
      C: RCPT TO:<c@d.test>
      S: 250 *
      C: DATA
      S: 354 *
      C: hello
      C: .
      S: 250 *
    `);
    expect(log.filter(({ level }) => level === 'info').slice(1)).toMatchObject([
      {
        event: 'recipient-refused',
        peer: '127.0.0.1',
        rule: 'closed',
        reply: '554 5.7.1 Relay access denied',
      },
      { event: 'message-accepted', reversePath: '<a@b.test>', recipients: 1, sizeBytes: 7 },
    ]);
  });
});
