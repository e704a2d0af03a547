/** A relay in this process, with a queue in memory and a mailbox that prints. */
import { createDirectory } from '@posthouse/directory';
import { createResolver } from '@posthouse/dns';
import {
  enhancedStatus,
  newTransactionId,
  NO_PARAMS,
  parseDomain,
  parseMailbox,
  pour,
  contentOf,
  newTraceId,
  silentLogger,
  systemClock,
} from '@posthouse/mail';
import type { MailReceiver } from '@posthouse/mail';
import { createMemoryStore } from '@posthouse/queue';
import { createRelay } from '@posthouse/relay';

const delivered = Promise.withResolvers<void>();

/** The shortest receiver: it prints what it gets. */
const mailboxes: MailReceiver = {
  results: 'per-recipient',
  capabilities: () => ({ dsn: false, smtpUtf8: true, eightBitMime: true, requireTls: false }),
  begin: () => ({
    id: newTransactionId(Date.now()),
    opened: Promise.resolve(),
    recipient: async (path) => console.log('for', path.localPart),
    stage: (prefix) => ({
      write: async (chunk) => console.log(Buffer.concat([prefix, chunk]).toString()),
      end: async () => undefined,
    }),
    commit: async () => {
      delivered.resolve();
      return [{ kind: 'delivered', status: enhancedStatus(2, 0, 0) }];
    },
    abort: async () => undefined,
  }),
};

const deps = { logger: silentLogger, clock: systemClock };
const directory = createDirectory(
  { domains: ['example.test'], aliases: { 'team@example.test': ['bob@elsewhere.test'] } },
  deps,
);
const hostname = parseDomain('mx.example.test');
const team = parseMailbox('team@example.test');
const bob = parseMailbox('bob@example.test');
if (hostname === undefined || team === undefined || bob === undefined)
  throw new TypeError('addresses');

const store = createMemoryStore();
const relay = createRelay(
  {
    hostname,
    // Everything else would be off; here it goes into one mailbox of ours.
    outbound: { kind: 'sink', mailbox: bob },
  },
  { ...deps, store, directory, resolver: createResolver({}, deps), delivery: mailboxes },
);
await directory.start();
await store.start();
await relay.start();

const transaction = relay.receiver.begin(bob, NO_PARAMS, {
  protocol: 'local',
  peer: { address: 'local' },
  greeting: '',
  arrivedAt: Date.now(),
  traceId: newTraceId(),
});
await transaction.recipient(team, NO_PARAMS);
await pour(
  contentOf(Buffer.from('Subject: hello\r\n\r\nfrom a relay\r\n')),
  transaction.stage(Buffer.alloc(0)),
);
console.log(await transaction.commit());

await delivered.promise;
await relay.stop();
await store.stop();
await directory.stop();
