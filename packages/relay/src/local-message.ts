/** Puts a message of the relay's own into its queue, as if an author had handed it in. */
import { contentOf, newTraceId, pour } from '@posthouse/mail';
import type { Clock, MailReceiver } from '@posthouse/mail';
import type { SubmitReport } from '@posthouse/transport-security';

/** Makes the submitter. What it submits comes to nobody's notice when it cannot be delivered. */
export function createLocalSubmit(queue: () => MailReceiver, clock: Clock): SubmitReport {
  return async ({ bytes, from, to }) => {
    const transaction = queue().begin(
      from,
      { sizeBytes: bytes.byteLength },
      {
        protocol: 'local',
        peer: { address: 'local' },
        greeting: '',
        arrivedAt: clock.now(),
        traceId: newTraceId(),
      },
    );
    try {
      await transaction.opened;
      await transaction.recipient(to, { notify: 'never' });
      await pour(contentOf(Buffer.from(bytes)), transaction.stage(new Uint8Array()));
      await transaction.commit();
    } catch (error) {
      await transaction.abort();
      throw error;
    }
  };
}
