/** Clients that go away without a word: nothing is left of their transactions. */
import { describe, expect, it } from 'vitest';
import { startListener } from './listener-under-test.ts';

const ENVELOPE = `
  C: MAIL FROM:<a@b.test>
  S: 250 *
  C: RCPT TO:<c@d.test>
  S: 250 *
`;

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

  it('while the policy thinks about MAIL begins no transaction', async () => {
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
