/** TLS on the wire: STARTTLS, implicit TLS, what it changes, and what cannot be slipped past it. */
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { DialogueClient } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { certificate, ENVELOPE, startListener } from './listener-under-test.ts';
import type { ListenerUnderTest } from './listener-under-test.ts';

const starttls = { mode: 'starttls', ...certificate('listener') } as const;

async function secured({ session }: ListenerUnderTest): Promise<DialogueClient> {
  const client = await session(`
    C: STARTTLS
    S: 220 2.0.0 *
  `);
  await client.secure();
  return client;
}

describe('STARTTLS', () => {
  it('is offered only with a certificate of ours, and only before TLS', async () => {
    const under = await startListener({ tls: starttls });
    const plain = await under.connect('S: 220 *');
    plain.send('EHLO client.example.test\r\n');
    expect(await plain.reply()).toContain('250-STARTTLS');

    const client = await secured(under);
    client.send('EHLO client.example.test\r\n');
    const offers = await client.reply();
    expect(offers).not.toContain('250-STARTTLS');
    expect(offers).toContain('250-REQUIRETLS');
    await client.play(`
      C: STARTTLS
      S: 503 5.5.1 TLS is active already
    `);
  });

  it('takes no argument', async () => {
    const { session } = await startListener({ tls: starttls });
    await session(`
      C: STARTTLS now
      S: 501 5.5.4 *
    `);
  });

  it('forgets what was said before, and ends an open transaction', async () => {
    const { session, receiver } = await startListener({ tls: starttls });
    const client = await session(`
      ${ENVELOPE}
      C: STARTTLS
      S: 220 2.0.0 *
    `);
    expect(receiver.open).toBe(0);
    await client.secure();
    await client.play(`
      C: MAIL FROM:<a@b.test>
      S: 503 5.5.1 Say EHLO or HELO first
      C: EHLO client.example.test
      S+ 250
      C: DATA
      S: 503 5.5.1 *
    `);
  });

  it('throws away plaintext that was slipped in behind it', async () => {
    const { session, receiver } = await startListener({ tls: starttls });
    const injected = 'EHLO evil.example.test\r\nMAIL FROM:<evil@b.test>\r\n';
    const client = await session();
    client.send(`STARTTLS\r\n${injected.repeat(200)}`);
    await client.play('S: 220 2.0.0 *');
    await client.secure();
    await client.play(`
      C: NOOP
      S: 250 2.0.0 Ok
      C: MAIL FROM:<a@b.test>
      S: 503 5.5.1 *
      C: QUIT
      S: 221 *
      ! end
    `);
    expect(receiver.open).toBe(0);
  });

  it('ends a handshake that is not begun', async () => {
    const { session, clock, listener } = await startListener({
      tls: starttls,
      limits: { commandTimeoutMs: 10_000 },
    });
    const client = await session(`
      C: STARTTLS
      S: 220 2.0.0 *
    `);
    await clock.advance(10_000);
    await client.play('! end');
    expect(listener.connections).toBe(0);
  });

  it('keeps no stop waiting for a handshake that is not begun', async () => {
    const { session, listener } = await startListener({ tls: starttls });
    const client = await session(`
      C: STARTTLS
      S: 220 2.0.0 *
    `);
    const stopped = listener.stop();
    await client.play('! end');
    expect(listener.connections).toBe(0);
    await stopped;
  });

  it('ends the connection where the handshake fails, and nothing else', async () => {
    const under = await startListener({ tls: starttls });
    const client = await under.session(`
      C: STARTTLS
      S: 220 2.0.0 *
      C: this is no handshake at all
    `);
    await client.play('! end').catch(() => undefined); // an alert may come first
    await secured(under);
  });

  it('takes TLS 1.2 and nothing older', async () => {
    const { session } = await startListener({ tls: starttls });
    for (const [version, works] of [
      ['TLSv1.2', true],
      ['TLSv1.1', false],
    ] as const) {
      const client = await session(`
        C: STARTTLS
        S: 220 2.0.0 *
      `);
      client.socket.removeAllListeners('data');
      const handshake = new Promise<boolean>((resolve) => {
        const tls = connectTls({
          socket: client.socket,
          rejectUnauthorized: false,
          minVersion: 'TLSv1',
          maxVersion: version,
          ciphers: 'DEFAULT@SECLEVEL=0',
        });
        tls.once('secureConnect', () => resolve(true));
        tls.once('error', () => resolve(false));
      });
      expect(await handshake).toBe(works);
    }
  });

  it('is told to the receiver and in Received', async () => {
    const under = await startListener({ tls: starttls });
    const client = await secured(under);
    await client.play(`
      C: EHLO client.example.test
      S+ 250
      C: MAIL FROM:<a@b.test> REQUIRETLS
      S: 250 *
      C: RCPT TO:<c@d.test>
      S: 250 *
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    const { context, content, params } = await under.receiver.message(0);
    expect(context.tls).toMatchObject({ version: 'TLSv1.3', verified: false });
    expect(params).toEqual({ requireTls: true });
    expect(Buffer.from(content.prefix).toString()).toMatch(/ with ESMTPS id \w+\r\n\t\(TLSv1\.3 /);
  });
});

describe('where TLS is required', () => {
  it('nothing but the way to it is let through', async () => {
    const under = await startListener(
      {
        tls: starttls,
        requireTls: true,
        authentication: { required: true, mechanisms: ['PLAIN'] },
      },
      { policy: { authenticate: async ({ user }) => ({ account: user, mechanism: 'PLAIN' }) } },
    );
    await under.session(`
      C: MAIL FROM:<a@b.test>
      S: 530 5.7.0 Must issue a STARTTLS command first
      C: AUTH PLAIN AGEAYg==
      S: 538 5.7.11 *
      C: NOOP
      S: 250 *
      C: BDAT 3 LAST
      C< a\\r\\n
      S: 530 5.7.0 *
    `);
    const client = await secured(under);
    await client.play(`
      C: EHLO client.example.test
      S+ 250
      C: MAIL FROM:<a@b.test>
      S: 530 5.7.0 Authentication required*
      C: AUTH PLAIN AGEAYg==
      S: 235 2.7.0 *
      C: MAIL FROM:<a@b.test>
      S: 250 *
    `);
  });
});

it('STARTTLS lets a client go that leaves within the handshake', async () => {
  const { session } = await startListener({ tls: starttls });
  const client = await session(`
    C: STARTTLS
    S: 220 *
  `);
  client.socket.end();
  await client.play('! end');
});

describe('implicit TLS', () => {
  it('greets within TLS, and does not offer STARTTLS', async () => {
    const { connect, receiver } = await startListener({
      tls: { mode: 'implicit', ...certificate('listener') },
    });
    const client = await connect();
    await client.secure();
    await client.play('S: 220 *');
    client.send('EHLO client.example.test\r\n');
    expect(await client.reply()).not.toContain('250-STARTTLS');
    await client.play(`
      C: STARTTLS
      S: 503 5.5.1 *
      ${ENVELOPE}
      C: DATA
      S: 354 *
      C: .
      S: 250 *
      C: QUIT
      S: 221 *
      ! end
    `);
    expect((await receiver.message(0)).context.tls?.version).toBe('TLSv1.3');
  });

  it('drops what is no handshake', async () => {
    const { connect } = await startListener({
      tls: { mode: 'implicit', ...certificate('listener') },
    });
    const client = await connect();
    client.send('EHLO client.example.test\r\n');
    await client.play('! end').catch(() => undefined); // an alert may come first
  });

  it.each(['', '\u0016\u0003\u0001\u0040\u0000\u0001'])(
    'lets a client go that leaves within the handshake, and counts it no more: %j',
    async (begun) => {
      const { connect } = await startListener({
        tls: { mode: 'implicit', ...certificate('listener') },
        limits: { maxConnectionsPerPeer: 1 },
      });
      const gone = await connect();
      gone.socket.end(begun);
      await gone.play('! end');
      const next = await connect();
      await next.secure();
      await next.play('S: 220 *');
    },
  );

  it('counts handshakes that never end as connections', async () => {
    const { connect } = await startListener({
      tls: { mode: 'implicit', ...certificate('listener') },
      limits: { maxConnectionsPerPeer: 1 },
    });
    const silent = await connect();
    await (await connect()).play('! end');
    silent.destroy();
  });
});

describe('reloadTls', () => {
  it('serves the new certificate from the next handshake on; sessions go on', async () => {
    const under = await startListener({ tls: starttls });
    const name = ({ socket }: DialogueClient): string | undefined =>
      socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined;
    const old = await secured(under);
    expect(name(old)).toBe('CN=listener.example.test');
    under.listener.reloadTls(certificate('renewed'));
    expect(name(await secured(under))).toBe('CN=renewed.example.test');
    await old.play(`
      C: NOOP
      S: 250 *
    `);
  });

  it('changes nothing where key and certificate do not fit', async () => {
    const under = await startListener({ tls: starttls });
    const { key } = certificate('renewed');
    expect(() => under.listener.reloadTls({ key, cert: starttls.cert })).toThrow(/key/i);
    await secured(under);
  });

  it('is refused where there is no TLS', async () => {
    const { listener } = await startListener();
    expect(() => listener.reloadTls(certificate('renewed'))).toThrow('no TLS');
  });
});
