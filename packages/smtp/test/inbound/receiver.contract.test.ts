/** How the listener drives a receiver: replies never too early, faults, outcomes, clients that go. */
import { createReply, enhancedStatus, MailError, peerRefusal, refuse } from '@posthouse/mail';
import type { MailReceiver, MailTransaction, RecipientOutcome } from '@posthouse/mail';
import type { RecordingReceiver } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { startListener } from './listener-under-test.ts';

const status = enhancedStatus;

const ENVELOPE = `
  C: MAIL FROM:<a@b.test>
  S: 250 *
  C: RCPT TO:<c@d.test>
  S: 250 *
`;

/** The recording receiver with some of each transaction's steps replaced. */
function changed(
  change: (transaction: MailTransaction) => Partial<MailTransaction>,
): (recording: RecordingReceiver) => MailReceiver {
  return (recording) => ({
    ...recording,
    begin: (...opening) => {
      const transaction = recording.begin(...opening);
      return Object.assign(transaction, change(transaction));
    },
  });
}

describe('a receiver', () => {
  it('has committed before anybody is told 250', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { session } = await startListener(
      {},
      {
        receiver: changed((transaction) => {
          const commit = transaction.commit.bind(transaction);
          return {
            commit: async () => {
              begun.resolve();
              await gate.promise;
              return commit();
            },
          };
        }),
      },
    );
    const client = await session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
      C: .
    `);
    await begun.promise;
    let answered = false;
    client.socket.once('data', () => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    gate.resolve();
    await client.play('S: 250 2.0.0 Ok: queued as *');
  });

  it('hears of a pipelined batch at once; the replies come in order', async () => {
    const gates = new Map<string, PromiseWithResolvers<undefined>>();
    const asked = Promise.withResolvers<void>();
    const { session } = await startListener(
      {},
      {
        script: {
          onRecipient: ({ localPart }) => {
            const gate = Promise.withResolvers<undefined>();
            gates.set(localPart, gate);
            if (gates.size === 3) asked.resolve();
            return gate.promise.then(() =>
              localPart === 'two' ? refuse('no-such-mailbox') : undefined,
            );
          },
        },
      },
    );
    const client = await session();
    client.send(
      'MAIL FROM:<a@b.test>\r\n' +
        ['one', 'two', 'three'].map((name) => `RCPT TO:<${name}@d.test>\r\n`).join('') +
        'DATA\r\n',
    );
    await asked.promise;
    for (const name of ['three', 'two', 'one']) gates.get(name)?.resolve(undefined);
    await client.play(`
      S: 250 2.1.0 *
      S: 250 2.1.5 *
      S: 550 5.1.1 *
      S: 250 2.1.5 *
      S: 354 *
      C: .
      S: 250 *
    `);
  });

  it('that refuses MAIL refuses all that was pipelined behind it', async () => {
    const { session, receiver } = await startListener(
      {},
      { script: { onMail: () => refuse('rate-limited') } },
    );
    await session(`
      C: MAIL FROM:<a@b.test>
      C: RCPT TO:<c@d.test>
      C: RCPT TO:<e@d.test>
      C: DATA
      C: RSET
      S: 450 4.7.1 *
      S: 503 5.5.1 *
      S: 503 5.5.1 *
      S: 503 5.5.1 *
      S: 250 *
    `);
    expect(receiver.open).toBe(0);
  });

  it.each([
    ['begin', () => ({ opened: Promise.reject(new Error('boom')) }), 'MAIL FROM:<a@b.test>'],
    [
      'recipient',
      () => ({ recipient: () => Promise.reject(new Error('boom')) }),
      'RCPT TO:<c@d.test>',
    ],
    [
      'stage',
      () => ({
        stage: () => {
          throw new Error('boom');
        },
      }),
      'DATA',
    ],
    ['commit', () => ({ commit: () => Promise.reject(new Error('boom')) }), '.'],
  ] as const)('that fails at %s is 451, told to the log once', async (_, change, step) => {
    const { session, log, receiver } = await startListener({}, { receiver: changed(change) });
    const client = await session();
    for (const command of ['MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA', '.']) {
      await client.play(`
        C: ${command}
        S: ${command === step ? '451 4.3.0 Local trouble*' : command === 'DATA' ? '354 *' : '250 *'}
      `);
      if (command === step) break;
    }
    await client.play(`
      C: RSET
      S: 250 *
    `);
    const errors = log.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.['err']).toMatchObject({ message: 'boom' });
    if (step !== '.') expect(receiver.open).toBe(0);
  });

  it('that names fewer outcomes than recipients has a fault', async () => {
    const { session } = await startListener(
      {},
      { receiver: changed(() => ({ commit: async () => [] })) },
    );
    await session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
      C: .
      S: 451 4.3.0 *
    `);
  });
});

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

describe('policy', () => {
  it('is asked before the receiver, in the order of the commands', async () => {
    const gate = Promise.withResolvers<void>();
    const { session, receiver } = await startListener(
      {},
      {
        policy: {
          sender: (path) => {
            if (path === '<>') throw refuse('not-your-address');
          },
          recipient: async ({ localPart }) => {
            if (localPart === 'slow') await gate.promise;
            if (localPart === 'no') throw refuse('relay-denied');
          },
        },
      },
    );
    const client = await session(`
      C: MAIL FROM:<>
      S: 553 5.7.1 *
      C: MAIL FROM:<a@b.test>
      S: 250 *
    `);
    client.send('RCPT TO:<slow@d.test>\r\nRCPT TO:<no@d.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n');
    gate.resolve();
    await client.play(`
      S: 250 *
      S: 554 5.7.1 *
      S: 250 *
      S: 354 *
      C: .
      S: 250 *
    `);
    const { recipients } = await receiver.message(0);
    expect(recipients.map(({ forwardPath }) => forwardPath.localPart)).toEqual(['slow', 'c']);
  });

  it('that has a fault is 451', async () => {
    const { session } = await startListener(
      {},
      {
        policy: {
          sender: async () => {
            throw new Error('boom');
          },
        },
      },
    );
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 451 4.3.0 *
    `);
  });
});

describe('a client that goes', () => {
  it.each([
    ['after MAIL', 'C: MAIL FROM:<a@b.test>\nS: 250 *'],
    ['after RCPT', ENVELOPE],
    ['within the content', `${ENVELOPE}\nC: DATA\nS: 354 *\nC: half a mess`],
    ['between chunks', `${ENVELOPE}\nC: BDAT 3\nC< a\\r\\n\nS: 250 *`],
    ['within a chunk', `${ENVELOPE}\nC: BDAT 300\nC< a\\r\\n`],
  ])('%s leaves nothing behind', async (_, transcript) => {
    const { session, receiver, listener } = await startListener();
    const client = await session(transcript);
    expect(receiver.open).toBe(1);
    client.destroy();
    while (listener.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.open).toBe(0);
    expect(receiver.messages).toEqual([]);
  });

  it('while the receiver thinks about MAIL’s policy begins no transaction', async () => {
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { session, receiver, listener } = await startListener(
      {},
      {
        policy: {
          sender: () => {
            asked.resolve();
            return gate.promise;
          },
        },
      },
    );
    const client = await session();
    client.send('MAIL FROM:<a@b.test>\r\n');
    await asked.promise;
    client.destroy();
    while (listener.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.open).toBe(0);
  });
});
