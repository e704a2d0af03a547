import { silentLogger, systemClock } from '@posthouse/mail';
import { describeReceiverContract, domain, mailbox } from '@posthouse/testkit';
import type { ReceiverUnderTest } from '@posthouse/testkit';
import { createNextHop } from '../../src/outbound/next-hop.ts';
import { startObedientPeer } from './obedient-peer.ts';

const OFFERS = ['8BITMIME', 'SMTPUTF8', 'DSN', 'SIZE'];

for (const protocol of ['smtp', 'lmtp'] as const) {
  for (const more of [[], ['PIPELINING'], ['PIPELINING', 'CHUNKING']]) {
    const offers = [...OFFERS, ...more];
    describeReceiverContract(
      `a next hop over ${protocol} with ${more.join(' and ') || 'neither pipelining nor chunking'}`,
      () => create(protocol, offers),
    );
  }
}

async function create(
  protocol: 'smtp' | 'lmtp',
  offers: readonly string[],
): Promise<ReceiverUnderTest> {
  const peer = await startObedientPeer({ protocol, offers });
  const hop = createNextHop(
    {
      target: {
        protocol,
        endpoint: { host: '127.0.0.1', port: peer.port },
        greeting: domain('client.example.test'),
        tls: { mode: 'off', verify: false },
      },
    },
    { clock: systemClock, logger: silentLogger },
  );
  await hop.start();
  return {
    receiver: hop,
    known: ['bob', 'carol', 'dave'].map((name) => mailbox(`${name}@example.test`)),
    refused: mailbox('refused@example.test'),
    taken: async () =>
      peer.copies.map(({ recipient, bytes }) => ({ recipient: mailbox(recipient), bytes })),
    leftovers: async () => [],
    stop: async () => {
      await hop.stop();
      await peer.stop();
    },
  };
}
