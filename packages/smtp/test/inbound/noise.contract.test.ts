/** Whatever a client sends, and in whatever order: the listener answers, goes on, and leaves nothing open. */
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListenerOptions } from '../../src/index.ts';
import { certificate, startListener } from './listener-under-test.ts';
import type { ListenerUnderTest } from './listener-under-test.ts';

const COMMANDS = [
  'EHLO client.example.test',
  'HELO client.example.test',
  'LHLO client.example.test',
  'MAIL FROM:<a@b.test>',
  'MAIL FROM:<> BODY=8BITMIME',
  'MAIL FROM:<"quo>ted"@b.test> SIZE=99999999999',
  'RCPT TO:<c@d.test>',
  'RCPT TO:<@x.test:Postmaster@d.test> NOTIFY=NEVER',
  'RCPT TO:<nobody',
  'DATA',
  'BDAT 0',
  'BDAT 0 LAST',
  'RSET',
  'NOOP',
  'VRFY x',
  'HELP',
  'AUTH PLAIN AGEAYg==',
  'AUTH LOGIN',
  'STARTTLS now',
  'FOO',
  '*',
  '',
];

const lenient: Partial<ListenerOptions> = {
  limits: { maxCommandsWithErrors: 10_000, maxAuthenticationFailures: 10_000 },
  tls: { mode: 'starttls', ...certificate('listener') },
  authentication: { required: false, mechanisms: ['PLAIN', 'LOGIN'], allowWithoutTls: () => true },
};
const policy = {
  authenticate: async ({ user }: { user: string }) => ({ account: user, mechanism: 'PLAIN' }),
};

/** After the client has gone nothing is left of it, and the next one is served. */
async function expectSound({ listener, receiver, session }: ListenerUnderTest): Promise<void> {
  while (listener.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(receiver.open).toBe(0);
  const client = await session(`
    C: QUIT
    S: 221 *
    ! end
  `);
  client.destroy();
  while (listener.connections > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(['smtp', 'lmtp'] as const)('over %s', (protocol) => {
  it('commands in any order have one reply each', async () => {
    const under = await startListener({ ...lenient, protocol }, { policy });
    const order = fc.array(fc.constantFrom(...COMMANDS), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(order, async (commands) => {
        const client = await under.connect('S: 220 *');
        let taken = under.receiver.messages.length;
        for (const command of commands) {
          client.send(`${command}\r\n`);
          const reply = await client.reply();
          expect(reply.every((line) => /^[2-5]\d\d[- ]/.test(line))).toBe(true);
          const code = reply[0]?.slice(0, 3);
          expect(new Set(reply.map((line) => line.slice(0, 3)))).toEqual(new Set([code]));
          if (code !== '354' && !(command === 'BDAT 0 LAST' && code === '250')) continue;
          if (code === '354') client.send('content\r\n.\r\n');
          if (code === '354') expect((await client.reply())[0]).toMatch(/^250 /);
          taken++;
          const { recipients } = await under.receiver.message(taken - 1);
          const more = protocol === 'lmtp' ? recipients.length - 1 : 0;
          for (let i = 0; i < more; i++) expect((await client.reply())[0]).toMatch(/^250 /);
        }
        expect(under.receiver.messages).toHaveLength(taken);
        client.destroy();
        await expectSound(under);
      }),
      { numRuns: 60 },
    );
  });

  it('octets in any order, in any pieces, end in a closed connection', async () => {
    const under = await startListener({ ...lenient, protocol }, { policy });
    const piece = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(...COMMANDS).map((text) => Buffer.from(`${text}\r\n`)),
      },
      {
        weight: 2,
        arbitrary: fc
          .constantFrom('.\r\n', '\r\n.\r\n', '\r', '\n', 'BDAT 5 LAST\r\n', 'BDAT x\r\n')
          .map((text) => Buffer.from(text)),
      },
      {
        weight: 1,
        arbitrary: fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const client = await under.connect();
        const { socket } = client;
        for (const octets of pieces) {
          if (socket.writable) await new Promise((resolve) => socket.write(octets, resolve));
        }
        socket.end();
        if (!socket.closed) await once(socket, 'close');
        await expectSound(under);
      }),
      { numRuns: 150 },
    );
  });
});
