/** Clients that go away without a word: nothing is left of their transactions. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { MailReceiver } from '@posthouse/mail';
import { certificate, ENVELOPE, startListener } from './listener-under-test.ts';

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

  it('with a reset leaves nothing behind, and harms nobody', async () => {
    const { session, receiver, listener } = await startListener();
    const client = await session(`${ENVELOPE}\nC: DATA\nS: 354 *\nC: half a mess`);
    client.socket.resetAndDestroy();
    while (listener.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.open).toBe(0);
    await session();
  });

  it('with a reset while the policy thinks about MAIL begins no transaction', async () => {
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
    client.socket.resetAndDestroy();
    while (listener.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.open).toBe(0);
  });
});

describe('a client that ends its side and listens', () => {
  const LETTER = 'Subject: hello\\r\\n\\r\\n';

  it.each([
    ['DATA', `C: DATA\nS: 354 *\nC< ${LETTER}`, '.\r\n', 'S: 250 2.0.0 *'],
    ['DATA and QUIT', `C: DATA\nS: 354 *\nC< ${LETTER}`, '.\r\nQUIT\r\n', 'S: 250 *\nS: 221 *'],
    ['BDAT', '', 'BDAT 18 LAST\r\nSubject: hello\r\n\r\n', 'S: 250 2.0.0 *'],
  ])('after %s hears what became of its message', async (_, begin, end, replies) => {
    const commit = Promise.withResolvers<void>();
    const under = await startListener(
      {},
      { receiver: (recording) => slowToCommit(recording, commit.promise) },
    );
    const client = await under.session(`${ENVELOPE}\n${begin}`);
    client.socket.end(end);
    await once(client.socket, 'finish');
    await under.session(); // what came before it was seen
    commit.resolve();
    await client.play(`${replies}\n! end`);
    expect(under.receiver.messages).toHaveLength(1);
  });

  it('hears it under TLS, too', async () => {
    const commit = Promise.withResolvers<void>();
    const { connect, receiver } = await startListener(
      { tls: { mode: 'implicit', ...certificate('listener') } },
      { receiver: (recording) => slowToCommit(recording, commit.promise) },
    );
    const client = await connect();
    await client.secure();
    await client.play(
      `S: 220 *\nC: EHLO client.example.test\nS+ 250\n${ENVELOPE}\nC: DATA\nS: 354 *`,
    );
    client.socket.end('Subject: hello\r\n\r\n.\r\n');
    await once(client.socket, 'finish');
    await (await connect()).secure();
    commit.resolve();
    await client.play('S: 250 2.0.0 *\n! end');
    expect(receiver.messages).toHaveLength(1);
  });

  it('in the middle of a transaction hears no more, and leaves nothing behind', async () => {
    const { receiver, session } = await startListener();
    const client = await session(`${ENVELOPE}\nC: DATA\nS: 354 *`);
    client.socket.end('half a mess');
    await client.play('! end');
    expect(receiver.open).toBe(0);
    expect(receiver.messages).toEqual([]);
  });

  it('before its first command is let go', async () => {
    const { connect } = await startListener();
    const client = await connect();
    client.socket.end();
    await client.play('S: 220 *\n! end');
  });
});

/** Commits when it is let. */
function slowToCommit(receiver: MailReceiver, permit: Promise<void>): MailReceiver {
  return {
    results: receiver.results,
    capabilities: () => receiver.capabilities(),
    begin(...opening) {
      const transaction = receiver.begin(...opening);
      return {
        id: transaction.id,
        opened: transaction.opened,
        recipient: (...named) => transaction.recipient(...named),
        stage: (...content) => transaction.stage(...content),
        abort: () => transaction.abort(),
        async commit(signal) {
          await permit;
          return transaction.commit(signal);
        },
      };
    },
  };
}
