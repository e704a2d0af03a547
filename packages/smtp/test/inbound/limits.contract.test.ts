/** Deadlines, counts and the graceful end of a listener, on a manual clock. */
import { link, mkdtemp, rm, unlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@posthouse/mail';
import { createRecordingReceiver, domain } from '@posthouse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createListener } from '../../src/index.ts';
import { ConnectionLimits } from '../../src/inbound/connection-limits.ts';
import { certificate, ENVELOPE, startListener } from './listener-under-test.ts';

describe('deadlines', () => {
  it('end a session that is silent', async () => {
    const { session, clock, receiver } = await startListener({
      limits: { commandTimeoutMs: 10_000 },
    });
    const client = await session();
    await clock.advance(9_999);
    await client.play(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
    `);
    await clock.advance(9_999);
    expect(receiver.open).toBe(1);
    await clock.advance(1);
    await client.play(`
      S: 421 4.4.2 Idle for too long, closing the connection
      ! end
    `);
    expect(receiver.open).toBe(0);
  });

  it('do not run while the client waits for us', async () => {
    const gate = Promise.withResolvers<undefined>();
    const asked = Promise.withResolvers<void>();
    const onRecipient = (): Promise<undefined> => {
      asked.resolve();
      return gate.promise;
    };
    const { session, clock } = await startListener(
      { limits: { commandTimeoutMs: 10_000 } },
      { script: { onRecipient } },
    );
    const client = await session(`
      C: MAIL FROM:<a@b.test>
      S: 250 *
    `);
    client.send('RCPT TO:<c@d.test>\r\n');
    await asked.promise;
    await clock.advance(60_000);
    gate.resolve(undefined);
    await client.play('S: 250 2.1.5 *');
    await clock.advance(10_000);
    await client.play(`
      S: 421 4.4.2 *
      ! end
    `);
  });

  it('end a session that lasts too long, but not within mail data', async () => {
    const { session, clock } = await startListener({
      limits: { sessionTimeoutMs: 20_000, commandTimeoutMs: 15_000 },
    });
    const client = await session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
    `);
    await clock.advance(14_000);
    client.send('still here\r\n'.repeat(1000));
    await client.play(`
      C: .
      S: 250 *
    `);
    await clock.advance(6_000);
    await client.play(`
      S: 421 4.4.2 Session lasted too long
      ! end
    `);
  });

  it('end mail data that comes too slowly, or takes too long', async () => {
    const slow = await startListener({ limits: { minDataBytesPerSecond: 100 } });
    const client = await slow.session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
    `);
    await slow.clock.advance(29_999);
    expect(slow.receiver.open).toBe(1);
    await slow.clock.advance(1);
    await client.play(`
      S: 421 4.4.2 Mail data arrives too slowly*
      ! end
    `);
    expect(slow.receiver.open).toBe(0);

    const long = await startListener({ limits: { dataTimeoutMs: 5_000 } });
    const other = await long.session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
    `);
    await long.clock.advance(5_000);
    await other.play(`
      S: 421 4.4.2 Mail data took too long
      ! end
    `);
  });
});

describe('errors', () => {
  it('are let pass so often; a message that was taken sets the count back', async () => {
    const { session } = await startListener({ limits: { maxCommandsWithErrors: 2 } });
    await session(`
      C: FOO
      S: 500 *
      C: FOO
      S: 500 *
      ${ENVELOPE}
      C: DATA
      S: 354 *
      C: .
      S: 250 *
      C: FOO
      C: FOO
      C: FOO
      C: NOOP
      S: 500 *
      S: 500 *
      S: 421 4.7.0 Too many errors, closing the connection
      ! end
    `);
  });
});

describe('connections', () => {
  it('are limited for each client, and in all', async () => {
    const { connect, listener } = await startListener({ limits: { maxConnectionsPerPeer: 2 } });
    const first = await connect('S: 220 *');
    await connect('S: 220 *');
    await connect(`
      S: 421 4.7.0 Too many connections from your address, try again later
      ! end
    `);
    await first.play(`
      C: QUIT
      S: 221 *
      ! end
    `);
    first.destroy();
    while (listener.connections > 1) await new Promise((resolve) => setImmediate(resolve));
    await connect('S: 220 *');
    const all = await startListener({ limits: { maxConnections: 1 } });
    await all.connect('S: 220 *');
    await all.connect(`
      S: 421 4.7.0 Too many connections, try again later
      ! end
    `);
  });

  it('from one IPv6 /64 are those of one client', () => {
    const limits = new ConnectionLimits({ maxConnections: 10, maxConnectionsPerPeer: 1 });
    expect(limits.enter('2001:db8::1')).toBeUndefined();
    expect(limits.enter('2001:db8:0:0:ffff::1')?.reply.code).toBe(421);
    expect(limits.enter('2001:db8:0:1::1')).toBeUndefined();
    expect(limits.enter('192.0.2.1')).toBeUndefined();
    expect(limits.enter('::ffff:192.0.2.1')?.reply.code).toBe(421);
    expect(limits.enter('local')).toBeUndefined();
    expect(limits.enter('local')).toBeUndefined();
    limits.leave('2001:db8::1');
    limits.leave('2001:db8::2');
    expect(limits.enter('2001:db8::3')).toBeUndefined();
  });
});

describe('stop', () => {
  it('tells idle clients 421 at once, and takes nobody more', async () => {
    const { connect, session, listener } = await startListener();
    const idle = [await connect('S: 220 *'), await session()];
    const address = listener.address;
    const stopped = listener.stop();
    for (const client of idle) {
      await client.play(`
        S: 421 4.3.2 Service shutting down, try again soon
        ! end
      `);
    }
    await stopped;
    expect(listener.connections).toBe(0);
    await expect(
      startListener({ listen: address }).then(({ connect: again }) => again('S: 220 *')),
    ).resolves.toBeDefined(); // the port is free
  });

  it('lets an open transaction finish, and no other begin', async () => {
    const { session, listener, receiver } = await startListener();
    const client = await session(ENVELOPE);
    const stopped = listener.stop();
    await client.play(`
      C: DATA
      S: 354 *
      C: .
      C: MAIL FROM:<a@b.test>
      S: 250 2.0.0 *
      S: 421 4.3.2 *
      ! end
    `);
    await stopped;
    expect(receiver.messages).toHaveLength(1);
  });

  it('leaves after a transaction that the client gives up', async () => {
    const { session, listener } = await startListener();
    const client = await session(ENVELOPE);
    const stopped = listener.stop();
    await client.play(`
      C: RSET
      S: 250 *
      S: 421 4.3.2 *
      ! end
    `);
    await stopped;
  });

  it('ends what is still open at its deadline', async () => {
    const { session, listener, clock, receiver } = await startListener({ drainMs: 5_000 });
    const client = await session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
    `);
    const stopped = listener.stop();
    await clock.advance(5_000);
    await stopped;
    await client.play(`
      S: 421 4.3.2 *
      ! end
    `);
    expect(receiver.open).toBe(0);
  });

  it('can be called again, before start, and waits for a start under way', async () => {
    const { listener } = await startListener();
    await Promise.all([listener.stop(), listener.stop()]);
    await listener.stop();
    expect(() => listener.start()).toThrow('stopped');
    const make = (): ReturnType<typeof createListener> =>
      createListener(
        {
          protocol: 'smtp',
          listen: { host: '127.0.0.1', port: 0 },
          hostname: domain('mx.example.test'),
        },
        { receiver: createRecordingReceiver(), logger: silentLogger, clock: systemClock },
      );
    await make().stop();
    const starting = make();
    expect(() => starting.address).toThrow('not started');
    const started = starting.start();
    await starting.stop();
    await started;
  });

  it('ends handshakes under way', async () => {
    const { connect, listener } = await startListener({
      tls: { mode: 'implicit', ...certificate('listener') },
    });
    const client = await connect();
    // A connection that was greeted behind it proves that the first one is in its handshake.
    await (await connect()).secure();
    await listener.stop();
    await client.play('! end');
  });
});

describe('where to listen', () => {
  it('may be a unix socket, also where a dead process left one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posthouse-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'lmtp.sock');
    await leaveSocket(path);
    const { listener, session, receiver } = await startListener({
      protocol: 'lmtp',
      listen: { path },
    });
    expect(listener.address).toEqual({ path });
    await session(`
      ${ENVELOPE}
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    const { context, content } = await receiver.message(0);
    expect(context.peer).toEqual({ address: 'local' });
    expect(Buffer.from(content.prefix).toString()).toMatch(/^Received: from \S+ \(local\)/);
    await expect(startListener({ listen: { path } })).rejects.toThrow('EADDRINUSE');
  });

  it('that is taken already is told by start', async () => {
    const { listener } = await startListener();
    await expect(startListener({ listen: listener.address })).rejects.toThrow('EADDRINUSE');
  });
});

describe('two listeners', () => {
  it('share nothing', async () => {
    const one = await startListener({ limits: { maxConnectionsPerPeer: 1 } });
    const two = await startListener({ limits: { maxConnectionsPerPeer: 1 }, protocol: 'lmtp' });
    const first = await one.session(ENVELOPE);
    await two.session();
    await two.listener.stop();
    await first.play(`
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    expect([one.receiver.messages.length, two.receiver.messages.length]).toEqual([1, 0]);
  });
});

describe('options', () => {
  const make = (options: object, results: 'all-or-nothing' | 'per-recipient' = 'all-or-nothing') =>
    createListener(
      {
        protocol: 'smtp',
        listen: { host: '127.0.0.1', port: 0 },
        hostname: domain('mx.example.test'),
        ...options,
      },
      { receiver: createRecordingReceiver({ results }), logger: silentLogger, clock: systemClock },
    );

  it('that cannot be kept are refused when the listener is made', () => {
    const starttls = { mode: 'starttls', ...certificate('listener') };
    expect(() => make({}, 'per-recipient')).toThrow(TypeError);
    expect(() => make({ authentication: { required: true, mechanisms: [] } })).toThrow(TypeError);
    expect(() => make({ requireTls: true })).toThrow(TypeError);
    expect(() => make({ tls: { ...starttls, key: 'none' } })).toThrow();
    expect(() => make({ limits: { maxRecipients: 0 } })).toThrow(RangeError);
    expect(() => make({ limits: { commandTimeoutMs: Number.NaN } })).toThrow(RangeError);
    expect(() => make({ drainMs: -1 })).toThrow(RangeError);
    expect(() => make({ tls: starttls })).not.toThrow();
  });
});

/** What a process leaves behind that listened and died. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));

  await link(path, `${path}.kept`);
  await new Promise((resolve) => server.close(resolve));
  await link(`${path}.kept`, path);
  await unlink(`${path}.kept`);
}
