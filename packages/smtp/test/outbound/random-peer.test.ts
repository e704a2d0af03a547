/**
 * Whatever a peer answers, in whatever order, every promise settles, with values and errors
 * that the seam knows, and nothing counts as relayed that was not answered with 2yz.
 */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailError, NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import { domain, testContext } from '@posthouse/testkit';
import { createNextHop } from '../../src/outbound/next-hop.ts';
import { ALICE, BOB, CAROL, commit } from './peers.ts';

/** One thing that a peer writes, each time something comes. */
const said = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('220 hi\r\n', '250 ok\r\n', '354 go on\r\n') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '250-peer\r\n250 PIPELINING\r\n',
      '250-peer\r\n250-CHUNKING\r\n250 PIPELINING\r\n',
      '250 ok\r\n250 ok\r\n',
      '250 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '550 5.1.1 no\r\n',
      '421 bye\r\n',
      '452 later\r\n',
      '250',
      '',
      '\r\n',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

interface Peer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Writes the next text whenever something comes, and drops the connection after the last. */
async function startPeer(texts: readonly string[]): Promise<Peer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let place = 0;
    const next = (): void => {
      const text = texts[place++];
      if (text === undefined) socket.destroy();
      else socket.write(text);
    };
    socket.on('error', () => undefined).on('data', next);
    next();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * A session and a transaction over it; a peer that waits for more than it gets is left in the end.
 * @param isAhead whether content is committed before anybody was answered
 */
async function transact(
  protocol: 'smtp' | 'lmtp',
  port: number,
  isAhead: boolean,
): Promise<readonly unknown[]> {
  const hop = createNextHop(
    {
      target: {
        protocol,
        endpoint: { host: '127.0.0.1', port },
        greeting: domain('client.example.test'),
        tls: { mode: 'off', verify: false },
        timeouts: SHORT,
      },
    },
    { clock: systemClock, logger: silentLogger },
  );
  await hop.start();
  const transaction = hop.begin(ALICE, NO_PARAMS, testContext());
  const named = [BOB, CAROL].map((path) => transaction.recipient(path, NO_PARAMS));
  const ahead = isAhead ? Promise.allSettled([commit(transaction)]) : undefined;
  const answers = await Promise.allSettled([transaction.opened, ...named]);
  const isTaken = answers.slice(1).some((answer) => answer.status === 'fulfilled');
  const large = Buffer.alloc(100_000, 'x\r\n'.repeat(10));
  const ending =
    (await ahead) ?? (isTaken ? await Promise.allSettled([commit(transaction, large)]) : []);
  await transaction.abort();
  await hop.stop();
  for (const end of ending) {
    if (end.status === 'fulfilled') {
      for (const outcome of end.value) {
        expect(['relayed', 'delayed', 'failed']).toContain(outcome.kind);
        if (outcome.kind === 'relayed') expect(Math.floor(outcome.reply.code / 100)).toBe(2);
      }
    }
  }
  const refused = isTaken ? [...answers, ...ending] : answers; // else it has nothing to say of its own
  return refused.filter((each) => each.status === 'rejected').map(reasonOf);
}

function reasonOf({ reason }: PromiseRejectedResult): unknown {
  return reason;
}

/** What waits longer waits for a peer that waits too. */
const SHORT = {
  greetingMs: 20,
  commandMs: 20,
  mailMs: 20,
  rcptMs: 20,
  dataMs: 20,
  blockMs: 20,
  finalDotMs: 20,
  partingMs: 20,
};

describe('a peer that answers at random', () => {
  it.each([
    ['smtp', false],
    ['smtp', true],
    ['lmtp', false],
    ['lmtp', true],
  ] as const)('over %s, content ahead of the answers: %s', async (protocol, isAhead) => {
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 9 }), async (texts) => {
        const peer = await startPeer(['220 hi\r\n', ...texts]);
        try {
          for (const reason of await transact(protocol, peer.port, isAhead)) {
            expect(reason).toBeInstanceOf(MailError);
          }
        } finally {
          await peer.stop();
        }
      }),
      { numRuns: 60 },
    );
  });
});
