/** How the listener drives a receiver and asks its policy: order, faults, never a 250 too early. */
import { refuse } from '@posthouse/mail';
import type { MailReceiver, MailTransaction } from '@posthouse/mail';
import type { RecordingReceiver } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { ENVELOPE, startListener } from './listener-under-test.ts';

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

  it('is asked again at each EHLO what the receiver keeps; a fault there is 451', async () => {
    let broken = false;
    const { session } = await startListener(
      {},
      {
        receiver: (recording) => ({
          ...recording,
          capabilities: () => {
            if (broken) throw new TypeError('boom');
            return recording.capabilities();
          },
        }),
      },
    );
    const client = await session();
    broken = true;
    await client.play(`
      C: EHLO client.example.test
      S: 451 4.3.0 *
      C: NOOP
      S: 250 *
    `);
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
