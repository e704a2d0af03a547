import { silentLogger, systemClock } from '@posthouse/mail';
import {
  createRecordingReceiver,
  describeReceiverContract,
  domain,
  mailbox,
} from '@posthouse/testkit';
import { createQueue, transmitToReceiver } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { planByDomain } from './queue-under-test.ts';

describeReceiverContract('the queue, with a receiver behind it', async () => {
  const store = createMemoryStore();
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
    },
  };
});
