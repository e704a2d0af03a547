/** Commands, their order and their parameters, as they are seen on the wire. */
import dns from 'node:dns';
import { refuse } from '@posthouse/mail';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startListener } from './listener-under-test.ts';

describe('the greeting', () => {
  it('comes without a timer, and without a look-up', async () => {
    // The base library would hold it back for 100 ms, and ask DNS for the client's name.
    const timer = vi.spyOn(globalThis, 'setTimeout');
    const lookUp = vi.spyOn(dns, 'reverse');
    onTestFinished(() => {
      timer.mockRestore();
      lookUp.mockRestore();
    });
    const { connect, clock } = await startListener();
    timer.mockClear();
    await connect('S: 220 mx.example.test ESMTP Posthouse');
    expect(timer).not.toHaveBeenCalled();
    expect(lookUp).not.toHaveBeenCalled();
    expect(clock.pending).toBe(1); // the session's deadline, on a clock that stands still
  });

  it('is refused by policy with the reply of the policy', async () => {
    const { connect } = await startListener(
      {},
      {
        policy: {
          connect: () => {
            throw refuse('peer-not-allowed', { more: ['see https://example.test/why'] });
          },
        },
      },
    );
    await connect(`
      S: 554-5.7.1 Your address may not connect here
      S: 554 5.7.1 see https://example.test/why
      ! end
    `);
  });

  it('waits for a policy that takes its time, and commands wait for the greeting', async () => {
    const gate = Promise.withResolvers<void>();
    const { connect } = await startListener({}, { policy: { connect: () => gate.promise } });
    const client = await connect();
    client.send('EHLO early.example.test\r\nNOOP\r\n');
    gate.resolve();
    await client.play(`
      S: 220 *
      S+ 250
      S: 250 2.0.0 Ok
    `);
  });
});

describe('EHLO', () => {
  it('offers what the receiver keeps, and no more', async () => {
    const { connect } = await startListener({
      limits: { maxMessageBytes: 1000, maxRecipients: 7 },
    });
    await connect(`
      S: 220 *
      C: EHLO client.example.test
      S: 250-mx.example.test
      S: 250-PIPELINING
      S: 250-SIZE 1000
      S: 250-8BITMIME
      S: 250-SMTPUTF8
      S: 250-ENHANCEDSTATUSCODES
      S: 250-CHUNKING
      S: 250-DSN
      S: 250 LIMITS RCPTMAX=7
    `);
    const little = await startListener(
      {},
      {
        script: {
          capabilities: {
            maxSizeBytes: 500,
            maxRecipients: 3,
            dsn: false,
            smtpUtf8: false,
            eightBitMime: false,
            requireTls: false,
          },
        },
      },
    );
    await little.connect(`
      S: 220 *
      C: EHLO client.example.test
      S: 250-mx.example.test
      S: 250-PIPELINING
      S: 250-SIZE 500
      S: 250-ENHANCEDSTATUSCODES
      S: 250-CHUNKING
      S: 250 LIMITS RCPTMAX=3
      C: MAIL FROM:<a@b.test> SMTPUTF8
      S: 555 5.5.4 *SMTPUTF8
      C: MAIL FROM:<a@b.test> BODY=8BITMIME
      S: 555 5.5.4 *BODY
      C: MAIL FROM:<a@b.test> RET=FULL
      S: 555 5.5.4 *RET
      C: MAIL FROM:<a@b.test> REQUIRETLS
      S: 555 5.5.4 *REQUIRETLS
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RCPT TO:<c@d.test> NOTIFY=NEVER
      S: 555 5.5.4 *NOTIFY
    `);
  });

  it('wants one name, and ends what was open', async () => {
    const { session, receiver } = await startListener();
    await session(`
      C: EHLO
      S: 501 5.5.2 *
      C: EHLO two names
      S: 501 5.5.2 *
      C: MAIL FROM:<a@b.test>
      S: 250 2.1.0 *
      C: EHLO [192.0.2.1]
      S+ 250
      C: RCPT TO:<c@d.test>
      S: 503 5.5.1 *
    `);
    expect(receiver.open).toBe(0);
  });

  it('is HELO in the dialect without extensions', async () => {
    const { connect, receiver } = await startListener();
    await connect(`
      S: 220 *
      C: HELO old.example.test
      S: 250 mx.example.test
      C: MAIL FROM:<a@b.test> SIZE=10
      S: 555 5.5.4 *
      C: MAIL FROM:<a@b.test>
      S: 250 2.1.0 *
      C: RCPT TO:<c@d.test>
      S: 250 2.1.5 *
      C: DATA
      S: 354 *
      C: .
      S: 250 2.0.0 Ok: queued as *
    `);
    const message = await receiver.message(0);
    expect(message.context).toMatchObject({ protocol: 'smtp', greeting: 'old.example.test' });
    expect(Buffer.from(message.content.prefix).toString()).toMatch(/ with SMTP id /);
  });
});

describe('commands out of order', () => {
  it('are 503', async () => {
    const { connect } = await startListener();
    await connect(`
      S: 220 *
      C: MAIL FROM:<a@b.test>
      S: 503 5.5.1 *
      C: RCPT TO:<a@b.test>
      S: 503 5.5.1 *
      C: DATA
      S: 503 5.5.1 *
      C: VRFY bob
      S: 503 5.5.1 *
      C: EHLO client.example.test
      S+ 250
      C: RCPT TO:<a@b.test>
      S: 503 5.5.1 *
      C: DATA
      S: 503 5.5.1 *
      C: MAIL FROM:<a@b.test>
      S: 250 2.1.0 *
      C: MAIL FROM:<a@b.test>
      S: 503 5.5.1 *
      C: DATA
      S: 503 5.5.1 No valid recipients
      C: RCPT TO:<a@b.test>
      S: 250 2.1.5 *
      C: QUIT
      S: 221 2.0.0 *
      ! end
    `);
  });
});

describe('commands without mail', () => {
  it('are answered', async () => {
    const { session, receiver } = await startListener();
    await session(`
      C: noop whatever follows
      S: 250 2.0.0 Ok
      C: HELP
      S: 214-2.0.0 EHLO *
      S: 214 2.0.0 *
      C: VRFY bob
      S: 252 2.5.2 *
      C: VRFY
      S: 501 5.5.2 *
      C: EXPN staff
      S: 502 5.5.1 *
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: RSET
      S: 250 2.0.0 Ok
      C: RSET now
      S: 501 5.5.4 *
      C: RCPT TO:<c@d.test>
      S: 503 5.5.1 *
      C: LHLO client.example.test
      S: 500 5.5.1 This is SMTP*
      C: STARTTLS
      S: 502 5.5.1 *
      C: AUTH PLAIN AGEAYg==
      S: 502 5.5.1 *
    `);
    expect(receiver.open).toBe(0);
  });

  it('are not counted before a login that is required', async () => {
    // The base library would close at the tenth, whatever its option says.
    const { session } = await startListener(
      {
        authentication: { required: true, mechanisms: ['PLAIN'], allowWithoutTls: () => true },
      },
      { policy: { authenticate: async ({ user }) => ({ account: user, mechanism: 'PLAIN' }) } },
    );
    await session(`
      ${'C: NOOP\n'.repeat(50)}
      ${'S: 250 *\n'.repeat(50)}
    `);
  });

  it.each(['WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD', 'FOO', '__proto__', 'constructor', ''])(
    'are 500 where nobody knows them: %s',
    async (verb) => {
      const { session } = await startListener();
      await session(`
        C< ${verb} x\\r\\n
        S: 500 5.5.1 Command not recognized
      `);
    },
  );

  it('of a web browser end the session at once', async () => {
    const { connect } = await startListener();
    await connect(`
      S: 220 *
      C: POST / HTTP/1.1
      C: EHLO evil.example.test
      C: MAIL FROM:<a@b.test>
      S: 421 4.7.0 This is not a web server
      ! end
    `);
  });
});

describe('command lines', () => {
  it('end in CRLF', async () => {
    const { session } = await startListener();
    await session(`
      C< NOOP\\nNOOP\\r\\n
      S: 501 5.5.2 A command line ends in CRLF*
      S: 250 *
      C< RCPT TO:<a\\rb@c.test>\\r\\n
      S: 501 5.5.2 *
      C< NO\\0OP\\r\\n
      S: 501 5.5.2 *
    `);
    const lenient = await startListener({ bareLineEndings: 'normalize' });
    await lenient.session(`
      C< NOOP\\nNOOP\\r\\n
      S: 250 *
      S: 250 *
    `);
  });

  it('may come octet by octet', async () => {
    const { session } = await startListener();
    const client = await session();
    client.socket.setNoDelay(true);
    for (const octet of 'MAIL FROM:<a@b.test>\r\n') {
      await new Promise((resolve) => client.socket.write(octet, resolve));
    }
    await client.play('S: 250 2.1.0 *');
  });

  it('are limited, and nothing of a long one is run', async () => {
    const { session } = await startListener();
    const client = await session();
    client.send(`NOOP ${'x'.repeat(20_000)}\r\nNOOP\r\n`);
    await client.play(`
      S: 500 5.5.6 *
      S: 250 *
    `);
    client.send(`NOOP ${'x'.repeat(12_700)}\r\n`);
    await client.play('S: 250 *');
    client.send('x'.repeat(2_000_000));
    await client.play(`
      S: 421 4.7.0 Endless command line
      ! end
    `);
  });

  it('are UTF-8', async () => {
    const { session } = await startListener();
    const client = await session();
    client.send(Buffer.from('MAIL FROM:<\xff@b.test> SMTPUTF8\r\n', 'latin1'));
    await client.play('S: 501 5.5.2 The command line is not UTF-8');
  });

  it('that the client left unfinished are not run', async () => {
    const { session, receiver } = await startListener();
    const client = await session();
    client.socket.end('MAIL FROM:<a@b.test>');
    await client.play('! end');
    expect(receiver.open).toBe(0);
  });
});
