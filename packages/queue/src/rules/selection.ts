/** Which recipients a selection means. Addresses are compared without case. Pure. */
import { formatMailbox, NULL_PATH } from '@posthouse/mail';
import type { MessageRecord, RecipientKey, RecipientRecord } from '../record.ts';
import type { Selection } from '../store.ts';

/** The reverse-path as selections and columns hold it: lower case, `<>` for the null path. */
export function reversePathText(message: Pick<MessageRecord, 'reversePath'>): string {
  const { reversePath } = message;
  return reversePath === NULL_PATH ? NULL_PATH : formatMailbox(reversePath).toLowerCase();
}

/** The recipient's address as selections and columns hold it: lower case. */
export function recipientText(recipient: Pick<RecipientRecord, 'forwardPath'>): string {
  return formatMailbox(recipient.forwardPath).toLowerCase();
}

/** Whether the selection means this recipient. */
export function isSelected(
  selection: Selection,
  message: MessageRecord,
  recipient: RecipientRecord,
): boolean {
  return (
    (selection.message ?? message.id) === message.id &&
    (selection.index ?? recipient.index) === recipient.index &&
    (selection.state ?? recipient.state) === recipient.state &&
    (selection.domain?.toLowerCase() ?? recipient.forwardPath.domain) ===
      recipient.forwardPath.domain &&
    isText(selection.reversePath, () => reversePathText(message)) &&
    isText(selection.recipient, () => recipientText(recipient)) &&
    message.acceptedAt < (selection.acceptedBefore ?? Infinity) &&
    (selection.leasedAt ?? -Infinity) < (recipient.lease?.until ?? 0)
  );
}

/** The order of lists: by message id, then by index. */
export function compareKeys(a: RecipientKey, b: RecipientKey): number {
  if (a.message !== b.message) return a.message < b.message ? -1 : 1;
  return a.index - b.index;
}

function isText(wanted: string | undefined, actual: () => string): boolean {
  return wanted === undefined || wanted.toLowerCase() === actual();
}
