/** A message with REQUIRETLS through a whole relay: what is offered, and what its author hears. */
import { expect, it, onTestFinished } from 'vitest';
import { createResolver } from '@posthouse/dns';
import { createDnsServer } from '@posthouse/dns/testing';
import {
  contentOf,
  enhancedStatus,
  pour,
  silentLogger,
  startInOrder,
  stopInReverse,
  systemClock,
} from '@posthouse/mail';
import { createMemoryStore, describeEvent } from '@posthouse/queue';
import {
  createRecordingReceiver,
  domain,
  mailbox,
  startScriptedPeer,
  testContext,
} from '@posthouse/testkit';
import { createRelay } from '../src/index.ts';
import { AUTHORITY, certified, offering, signedZone, tlsaOf, WITH_TLS } from './tls-world.ts';

const ALICE = mailbox('alice@own.test');
const WITHOUT_REQUIRETLS = `${WITH_TLS}
  ${offering('DSN')}
  C: QUIT
  S: 221 Bye`;

it('is taken, fails where the host does not keep it, and its notification asks for TLS too', async () => {
  const own = certified('mx.example.test');
  const peer = await startScriptedPeer([WITHOUT_REQUIRETLS], {
    tls: { key: own.key, cert: own.certificate },
  });
  const dns = createDnsServer(signedZone(peer.port, tlsaOf(own)));
  await dns.start();
  onTestFinished(() => dns.stop());
  const deps = { clock: systemClock, logger: silentLogger };
  const resolver = createResolver({ servers: [dns.address] }, deps);
  const store = createMemoryStore();
  const told = Promise.withResolvers<void>();
  const delivery = createRecordingReceiver({
    onCommit: () => {
      told.resolve();
      return undefined;
    },
  });
  const relay = createRelay(
    {
      hostname: domain('relay.test'),
      outbound: { kind: 'mx' },
      forbiddenNetworks: [],
      smtpPort: peer.port,
      tls: { authorities: AUTHORITY.certificate },
    },
    {
      ...deps,
      store,
      resolver,
      delivery,
      directory: {
        isOwnDomain: (name) => name === 'own.test',
        expand: (address) => ({ finals: [address], lost: [] }),
      },
    },
  );
  const parts = [resolver, store, relay];
  await startInOrder(parts);
  expect(relay.receiver.capabilities().requireTls).toBe(true);
  const context = { ...testContext(), identity: { account: 'alice@own.test', mechanism: 'PLAIN' } };
  const transaction = relay.receiver.begin(ALICE, { requireTls: true }, context);
  await transaction.recipient(mailbox('bob@example.test'), {});
  await pour(contentOf(Buffer.from('Subject: s\r\n\r\nbody')), transaction.stage(new Uint8Array()));
  await transaction.commit();
  await told.promise;
  const { events } = await store.events(undefined, 100);
  await stopInReverse(parts);
  await peer.stop();
  const failed = events.find(({ kind }) => kind === 'failed');
  expect(failed).toMatchObject({ status: enhancedStatus(5, 7, 30), proof: 'unsupported' });
  expect(failed && describeEvent(failed)).toContain('5.7.30 REQUIRETLS cannot be kept');
  const [notification] = delivery.messages;
  expect(notification).toMatchObject({ params: { requireTls: true } });
  expect(notification?.bytes.toString()).toContain('Status: 5.7.30');
});
