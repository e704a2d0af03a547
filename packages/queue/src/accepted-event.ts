/**
 * The first event of each recipient. It names all that its message can be found by, so that a
 * reader of the log need not ask for what may be gone by then. Pure.
 */
import { formatMailbox, NULL_PATH } from '@posthouse/mail';
import type { NewEvent } from './event.ts';
import type { MessageRecord, RecipientRecord } from './record.ts';

type AcceptedMessage = Pick<MessageRecord, 'acceptedAt' | 'id' | 'messageId' | 'reversePath'>;
type AcceptedRecipient = Pick<RecipientRecord, 'forwardPath' | 'index' | 'params'>;

/** One event for each recipient; `more` is in all of them. */
export function acceptedEvents(
  { acceptedAt, id, messageId, reversePath }: AcceptedMessage,
  recipients: readonly AcceptedRecipient[],
  more: Partial<NewEvent> = {},
): readonly NewEvent[] {
  const sender = reversePath === NULL_PATH ? NULL_PATH : formatMailbox(reversePath);
  return recipients.map(({ index, forwardPath, params }) => ({
    kind: 'accepted',
    message: id,
    index,
    at: acceptedAt,
    recipient: formatMailbox(forwardPath),
    ...(params.orcpt === undefined ? {} : { originalRecipient: params.orcpt.address }),
    sender,
    ...(messageId === undefined ? {} : { messageId }),
    ...more,
  }));
}
