/** Mail data on the wire: where it ends, what is refused, how much memory it can take. */
import { refuse } from '@posthouse/mail';
import type { MailTransaction } from '@posthouse/mail';
import { describe, expect, it } from 'vitest';
import { startListener } from './listener-under-test.ts';

const ENVELOPE = `
  C: MAIL FROM:<a@b.test>
  C: RCPT TO:<c@d.test>
  C: DATA
  S: 250 2.1.0 *
  S: 250 2.1.5 *
  S: 354 End data with <CR><LF>.<CR><LF>
`;

describe('mail data', () => {
  it('reaches the receiver untouched, with one Received field in front of it', async () => {
    const { session, receiver } = await startListener();
    const client = await session(ENVELOPE);
    const content = Buffer.from('Subject: x\r\n\r\n.\r\n..\r\n.a\r\nNUL \0 \xff\r\n', 'latin1');
    client.send(Buffer.from(content.toString('latin1').replace(/^\./gm, '..'), 'latin1'));
    await client.play(`
      C: .
      S: 250 2.0.0 Ok: queued as *
    `);
    const message = await receiver.message(0);
    expect(message.bytes.equals(content)).toBe(true);
    expect(Buffer.from(message.content.prefix).toString()).toBe(
      'Received: from client.example.test ([127.0.0.1])\r\n' +
        `\tby mx.example.test with ESMTP id ${message.id}\r\n` +
        '\tfor <c@d.test>;\r\n' +
        '\tThu, 1 Jan 2026 00:00:00 +0000\r\n',
    );
  });

  it('names no recipient in Received where there are several', async () => {
    const { session, receiver } = await startListener();
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<c@d.test>
      S: 250 *
      C: RCPT TO:<blind@d.test>
      S: 250 *
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    expect(Buffer.from((await receiver.message(0)).content.prefix).toString()).not.toMatch(/for </);
  });

  it('and what is pipelined behind it are kept apart', async () => {
    const { session, receiver } = await startListener();
    await session(`
      ${ENVELOPE}
      C: one
      C: .
      C: MAIL FROM:<a@b.test>
      C: RCPT TO:<c@d.test>
      C: DATA
      S: 250 2.0.0 *
      S: 250 *
      S: 250 *
      S: 354 *
      C: two
      C: .
      C: QUIT
      S: 250 2.0.0 *
      S: 221 *
      ! end
    `);
    expect(receiver.messages.map((message) => message.bytes.toString())).toEqual([
      'one\r\n',
      'two\r\n',
    ]);
  });

  it('takes no argument', async () => {
    const { session } = await startListener();
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<c@d.test>
      S: 250 *
      C: DATA now
      S: 501 5.5.4 *
    `);
  });
});

describe('smuggling', () => {
  const vectors = ['\\n.\\n', '\\n.\\r\\n', '\\r\\n.\\n', '\\r.\\r', '\\r\\n.\\r', '\\r.\\r\\n'];

  it.each(vectors)(
    'a second message behind %s is part of the first, which is refused',
    async (vector) => {
      const { session, receiver } = await startListener();
      await session(`
      ${ENVELOPE}
      C< one${vector}MAIL FROM:<evil@b.test>\\r\\nRCPT TO:<c@d.test>\\r\\nDATA\\r\\ntwo\\r\\n.\\r\\n
      C: NOOP
      S: 550 5.5.2 Bare CR or LF in mail data*
      S: 250 2.0.0 Ok
    `);
      expect(receiver.messages).toEqual([]);
      expect(receiver.open).toBe(0);
    },
  );

  it.each(vectors)(
    'is made harmless after %s where bare line endings are let pass',
    async (vector) => {
      const { session, receiver } = await startListener({
        bareLineEndings: (peer) => (peer.address === '127.0.0.1' ? 'normalize' : 'refuse'),
      });
      await session(`
      ${ENVELOPE}
      C< one${vector}MAIL FROM:<evil@b.test>\\r\\n.\\r\\n
      C: NOOP
      S: 250 2.0.0 Ok: queued as *
      S: 250 2.0.0 Ok
    `);
      const content = (await receiver.message(0)).bytes.toString('latin1');
      expect(content).toContain('MAIL FROM:<evil@b.test>\r\n');
      expect(content).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
    },
  );
});

describe('a message that is too large', () => {
  it('is 552, and the session goes on where little of it was left', async () => {
    const { session, receiver } = await startListener({ limits: { maxMessageBytes: 1000 } });
    const client = await session(ENVELOPE);
    client.send(`${'x'.repeat(998)}\r\n.\r\n`);
    await client.play(`
      S: 250 *
      ${ENVELOPE}
    `);
    client.send(`${'x'.repeat(999)}\r\n.\r\n`);
    await client.play(`
      S: 552 5.3.4 Message is larger than 1000 octets
      C: NOOP
      S: 250 *
    `);
    expect(receiver.messages).toHaveLength(1);
    expect(receiver.open).toBe(0);
  });

  it('is cut off where it goes on and on, with its reply', async () => {
    const { session, receiver } = await startListener({ limits: { maxMessageBytes: 1000 } });
    const client = await session(ENVELOPE);
    client.send('x'.repeat(1_000_000));
    await client.play(`
      S: 552 5.3.4 *
      ! end
    `);
    expect(receiver.open).toBe(0);
  });

  it('is known by the receiver’s own limit as well', async () => {
    const { session } = await startListener({}, { script: { capabilities: { maxSizeBytes: 5 } } });
    await session(`
      ${ENVELOPE}
      C: seven
      C: .
      S: 552 5.3.4 *
    `);
  });
});

describe('a message that the receiver refuses', () => {
  it('within the content is answered at its end, with the refusal as it stands', async () => {
    const { session, receiver } = await startListener(
      {},
      { script: { onContent: () => refuse('insufficient-storage', { more: ['disk 2'] }) } },
    );
    await session(`
      ${ENVELOPE}
      C: one
      C: .
      S: 452-4.3.1 Insufficient system storage, try again later
      S: 452 4.3.1 disk 2
      C: NOOP
      S: 250 *
    `);
    expect(receiver.open).toBe(0);
  });

  it('before the content is answered instead of 354', async () => {
    const { session } = await startListener(
      {},
      {
        receiver: (recording) => ({
          ...recording,
          begin(...opening) {
            const transaction: MailTransaction = recording.begin(...opening);
            transaction.stage = () => {
              throw refuse('insufficient-storage');
            };
            return transaction;
          },
        }),
      },
    );
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<c@d.test>
      S: 250 *
      C: DATA
      S: 452 4.3.1 *
      C: DATA
      S: 503 5.5.1 *
    `);
  });
});

describe('backpressure', () => {
  it('holds a flood of dots back at the socket while the receiver is slow', async () => {
    const gate = Promise.withResolvers<void>();
    const staged: number[] = [];
    const { session } = await startListener(
      {},
      {
        receiver: (recording) => ({
          ...recording,
          begin(...opening) {
            const transaction = recording.begin(...opening);
            transaction.stage = () => ({
              async write(chunk) {
                staged.push(chunk.byteLength);
                await gate.promise;
              },
              end: async () => undefined,
            });
            return transaction;
          },
        }),
      },
    );
    const client = await session(ENVELOPE);
    const flood = Buffer.from('..\r\n'.repeat(2_000_000));
    const sent = new Promise<void>((resolve) => {
      client.socket.write(flood, () => resolve());
    });
    // The client's kernel takes no more, and the listener has taken one chunk of it.
    while (!client.socket.writableNeedDrain || staged.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(staged).toHaveLength(1);
    expect(staged[0]).toBeLessThanOrEqual(65_536);
    gate.resolve();
    await sent;
    await client.play(`
      C: .
      S: 250 *
    `);
    expect(staged.reduce((sum, octets) => sum + octets, 0)).toBe((flood.length * 3) / 4);
  });

  it('loses nothing for a client that reads its replies late', async () => {
    const { session } = await startListener();
    const client = await session();
    client.socket.pause();
    const count = 20_000; // far more replies than the buffers between us hold
    await new Promise((resolve) => client.socket.write('HELP\r\n'.repeat(count), resolve));
    client.socket.resume();
    for (let i = 0; i < count; i++) expect(await client.reply()).toHaveLength(2);
  });
});
