import { expect, it } from 'vitest';
import { refuse, systemClock } from '@posthouse/mail';
import { createRecordingReceiver, mailbox } from '@posthouse/testkit';
import { createLocalSubmit } from '../src/local-message.ts';

const MESSAGE = {
  from: mailbox('tls@relay.test'),
  to: mailbox('reports@example.test'),
  bytes: Buffer.from('Subject: s\r\n\r\nbody\r\n'),
};

it('puts a message into the queue, of whose fate nobody is told', async () => {
  const queue = createRecordingReceiver();
  await createLocalSubmit(() => queue, systemClock)(MESSAGE);
  expect(queue.messages).toMatchObject([
    {
      reversePath: MESSAGE.from,
      context: { protocol: 'local' },
      recipients: [{ forwardPath: MESSAGE.to, params: { notify: 'never' } }],
      bytes: MESSAGE.bytes,
    },
  ]);
});

it('says why it was not taken', async () => {
  const queue = createRecordingReceiver({ onMail: () => refuse('insufficient-storage') });
  const submit = createLocalSubmit(() => queue, systemClock);
  await expect(submit(MESSAGE)).rejects.toMatchObject({ code: 'insufficient-storage' });
});
