import { formatMailbox, refuse } from '@posthouse/mail';
import { createRecordingReceiver, describeReceiverContract, mailbox } from '@posthouse/testkit';

describeReceiverContract('the recording receiver', async () => {
  const refused = mailbox('nobody@example.test');
  const receiver = createRecordingReceiver({
    onRecipient: (path) =>
      formatMailbox(path) === formatMailbox(refused) ? refuse('no-such-mailbox') : undefined,
  });
  return {
    receiver,
    known: [mailbox('bob@example.test'), mailbox('carol@example.test')],
    refused,
    taken: async () =>
      receiver.messages.flatMap((message) =>
        message.recipients.map(({ forwardPath }) => ({
          recipient: forwardPath,
          bytes: Buffer.concat([message.content.prefix, message.bytes]),
        })),
      ),
    leftovers: async () => (receiver.open === 0 ? [] : [`${receiver.open} open transactions`]),
    stop: async () => undefined,
  };
});
