import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@posthouse/mail';
import {
  createRecordingReceiver,
  describeReceiverContract,
  domain,
  mailbox,
} from '@posthouse/testkit';
import type { ReceiverUnderTest } from '@posthouse/testkit';
import {
  createMemoryStore,
  createQueue,
  createSqliteStore,
  transmitToReceiver,
} from '../src/index.ts';
import type { Store } from '../src/index.ts';
import { planByDomain } from './queue-under-test.ts';

describeReceiverContract('the queue in memory, with a receiver behind it', () =>
  queueWith(createMemoryStore(), async () => undefined),
);

describeReceiverContract('the queue on a disk, with a receiver behind it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-queue-'));
  const store = createSqliteStore({ directory, maxInlineBytes: 1000 }, { logger: silentLogger });
  return queueWith(store, () => rm(directory, { recursive: true }));
});

async function queueWith(store: Store, dispose: () => Promise<void>): Promise<ReceiverUnderTest> {
  await store.start();
  const receiver = createRecordingReceiver();
  const queue = createQueue(
    { hostname: domain('mx.example.test') },
    {
      store,
      planner: planByDomain,
      transmitter: transmitToReceiver(receiver),
      clock: systemClock,
      logger: silentLogger,
    },
  );
  await queue.start();

  /** Resolves when nothing is queued any more. */
  const empty = (): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (store.usage().recipients > 0) return;
        unsubscribe();
        resolve();
      };
      const unsubscribe = store.onChange(look);
      look();
    });

  return {
    receiver: queue,
    known: [mailbox('bob@example.test'), mailbox('carol@example.org')],
    taken: async () => {
      await empty();
      return receiver.messages.flatMap(({ recipients, content, bytes }) =>
        recipients.map(({ forwardPath }) => ({
          recipient: forwardPath,
          bytes: Buffer.concat([content.prefix, bytes]),
        })),
      );
    },
    leftovers: async () => {
      const { messages } = store.usage();
      return messages === 0 ? [] : [`${messages} messages queued`];
    },
    stop: async () => {
      await queue.stop();
      await store.stop();
      await dispose();
    },
  };
}
