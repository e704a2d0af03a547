import {
  contentOf,
  enhancedStatus,
  newTraceId,
  newTransactionId,
  NO_PARAMS,
  parseDomain,
  parseMailbox,
  pour,
  silentLogger,
  systemClock,
} from '@posthouse/mail';
import type { MailReceiver } from '@posthouse/mail';
import { createListener, createNextHop } from '@posthouse/smtp';

const deps = { clock: systemClock, logger: silentLogger };
const hostname = parseDomain('mx.example.test');
const alice = parseMailbox('alice@example.test');
const bob = parseMailbox('bob@example.test');
if (!hostname || !alice || !bob) throw new TypeError('no address');

// A receiver that takes all and keeps nothing.
const receiver: MailReceiver = {
  results: 'all-or-nothing',
  capabilities: () => ({ dsn: false, smtpUtf8: true, eightBitMime: true, requireTls: false }),
  begin: () => {
    let recipients = 0;
    return {
      id: newTransactionId(Date.now()),
      opened: Promise.resolve(),
      recipient: async () => void recipients++,
      stage: () => ({ write: async () => undefined, end: async () => undefined }),
      commit: async () =>
        Array.from({ length: recipients }, () => ({
          kind: 'accepted' as const,
          status: enhancedStatus(2, 0, 0),
        })),
      abort: async () => undefined,
    };
  },
};

const listener = createListener(
  { protocol: 'smtp', listen: { host: '127.0.0.1', port: 0 }, hostname },
  { receiver, ...deps },
);
await listener.start();
const { address } = listener;

// A receiver that hands on to it: the same interface, over SMTP.
const hop = createNextHop(
  {
    target: {
      protocol: 'smtp',
      endpoint: address,
      greeting: hostname,
      tls: { mode: 'off', verify: false },
    },
  },
  deps,
);
await hop.start();

const transaction = hop.begin(alice, NO_PARAMS, {
  protocol: 'local',
  peer: { address: 'local' },
  greeting: '',
  arrivedAt: Date.now(),
  traceId: newTraceId(),
});
await transaction.recipient(bob, NO_PARAMS); // throws what the other side says against Bob
const message = contentOf(Buffer.from('Subject: hello\r\n\r\nHello Bob\r\n'));
await pour(message, transaction.stage(message.prefix));
for (const outcome of await transaction.commit()) console.log(outcome.kind);

await hop.stop();
await listener.stop();
