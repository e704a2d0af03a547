/** CHUNKING: BDAT on the wire (RFC 3030). */
import { refuse } from '@posthouse/mail';
import { describe, expect, it } from 'vitest';
import { startListener } from './listener-under-test.ts';

const ENVELOPE = `
  C: MAIL FROM:<a@b.test>
  C: RCPT TO:<c@d.test>
  S: 250 *
  S: 250 *
`;

describe('BDAT', () => {
  it('takes chunks, pipelined, without dots meaning anything', async () => {
    const { session, receiver } = await startListener();
    await session(`
      C: MAIL FROM:<a@b.test>
      C: RCPT TO:<c@d.test>
      C: BDAT 8
      C< ..\\r\\nab\\r\\n
      C: bdat 5 last
      C< .\\r\\n\\r\\n
      C: NOOP
      S: 250 2.1.0 *
      S: 250 2.1.5 *
      S: 250 2.0.0 8 octets received
      S: 250 2.0.0 Ok: queued as *
      S: 250 2.0.0 Ok
    `);
    expect((await receiver.message(0)).bytes.toString()).toBe('..\r\nab\r\n.\r\n\r\n');
  });

  it('takes an empty last chunk, and an empty message', async () => {
    const { session, receiver } = await startListener();
    await session(`
      ${ENVELOPE}
      C: BDAT 3
      C< a\\r\\n
      S: 250 2.0.0 3 octets received
      C: BDAT 0
      S: 250 2.0.0 0 octets received
      C: BDAT 0 LAST
      S: 250 2.0.0 Ok: queued as *
      ${ENVELOPE}
      C: BDAT 0 LAST
      S: 250 2.0.0 Ok: queued as *
    `);
    expect(receiver.messages.map((message) => message.bytes.toString())).toEqual(['a\r\n', '']);
  });

  it('takes chunks that come in pieces', async () => {
    const { session, receiver } = await startListener();
    const client = await session(`
      ${ENVELOPE}
      C: BDAT 200000 LAST
    `);
    const content = `${'x'.repeat(98)}\r\n`.repeat(2000);
    for (let at = 0; at < content.length; at += 30_000) {
      const piece = content.slice(at, at + 30_000);
      await new Promise((resolve) => client.socket.write(piece, resolve));
    }
    await client.play('S: 250 2.0.0 *');
    expect((await receiver.message(0)).bytes.toString()).toBe(content);
  });

  it('refused still takes its octets: no command is read from them', async () => {
    const { session, connect } = await startListener();
    await session(`
      C: BDAT 6
      C: QUIT
      C: NOOP
      S: 503 5.5.1 *
      S: 250 *
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: BDAT 6 LAST
      C: QUIT
      C: NOOP
      S: 503 5.5.1 No valid recipients
      S: 250 *
    `);
    await connect(`
      S: 220 *
      C: BDAT 6 LAST
      C: QUIT
      C: NOOP
      S: 503 5.5.1 *
      S: 250 *
    `);
  });

  it('does not mix with DATA, nor with more recipients', async () => {
    const { session, receiver } = await startListener();
    await session(`
      ${ENVELOPE}
      C: BDAT 3
      C< a\\r\\n
      S: 250 *
      C: DATA
      S: 503 5.5.1 DATA does not mix with BDAT
      C: RCPT TO:<e@d.test>
      S: 503 5.5.1 *
      C: MAIL FROM:<a@b.test>
      S: 503 5.5.1 *
      C: RSET
      S: 250 *
      C: BDAT 3 LAST
      C< a\\r\\n
      S: 503 5.5.1 *
    `);
    expect(receiver.messages).toEqual([]);
    expect(receiver.open).toBe(0);
  });

  it('without a number ends the session: nobody knows what follows', async () => {
    const { session } = await startListener();
    await session(`
      ${ENVELOPE}
      C: BDAT much LAST
      C: MAIL FROM:<evil@b.test>
      S: 501 5.5.4 Syntax: BDAT octets [LAST]
      ! end
    `);
  });

  it('does not take BODY=BINARYMIME', async () => {
    const { session } = await startListener();
    await session(`
      C: MAIL FROM:<a@b.test> BODY=BINARYMIME
      S: 555 5.5.4 *
    `);
  });

  it('refuses bare line endings, across chunks, and then everything up to RSET', async () => {
    const { session, receiver } = await startListener();
    await session(`
      ${ENVELOPE}
      C: BDAT 2
      C< a\\r
      S: 250 *
      C: BDAT 2
      C< b\\n
      C: BDAT 3 LAST
      C< c\\r\\n
      S: 550 5.5.2 *
      S: 503 5.5.1 *
      ${ENVELOPE}
      C: BDAT 2 LAST
      C< a\\r
      S: 550 5.5.2 *
    `);
    expect(receiver.messages).toEqual([]);
    expect(receiver.open).toBe(0);
  });

  it('makes bare line endings right where that is the policy', async () => {
    const { session, receiver } = await startListener({ bareLineEndings: 'normalize' });
    await session(`
      ${ENVELOPE}
      C: BDAT 2
      C< a\\r
      S: 250 *
      C: BDAT 3 LAST
      C< b\\nc
      S: 250 *
    `);
    expect((await receiver.message(0)).bytes.toString()).toBe('a\r\nb\r\nc\r\n');
  });

  it('is limited in size, chunk by chunk and in all', async () => {
    const { session, receiver } = await startListener({ limits: { maxMessageBytes: 100 } });
    const client = await session(`
      ${ENVELOPE}
      C: BDAT 60
    `);
    client.send(`${'x'.repeat(60)}BDAT 60 LAST\r\n${'x'.repeat(60)}NOOP\r\n`);
    await client.play(`
      S: 250 *
      S: 552 5.3.4 *
      S: 250 *
      ${ENVELOPE}
      C: BDAT 999999999 LAST
      S: 552 5.3.4 *
      ! end
    `);
    expect(receiver.open).toBe(0);
    await session(`
      C: BDAT 999999999
      S: 503 5.5.1 *
      ! end
    `);
  });

  it('tells a refusal of the receiver at the chunk in which it came', async () => {
    const { session } = await startListener(
      {},
      {
        script: {
          onContent: (octets) => (octets > 3 ? refuse('insufficient-storage') : undefined),
        },
      },
    );
    await session(`
      ${ENVELOPE}
      C: BDAT 3
      C< a\\r\\n
      S: 250 *
      C: BDAT 3
      C< b\\r\\n
      S: 452 4.3.1 *
      C: BDAT 3 LAST
      C< c\\r\\n
      S: 503 5.5.1 *
    `);
  });
});
