/** Which of two messages goes first: notifications, then what a person waits for, then bulk. Pure. */
import { NULL_PATH } from '@posthouse/mail';
import type { ReversePath } from '@posthouse/mail';
import type { Priority } from './record.ts';

/** More recipients than people write to by hand. */
const MAX_INTERACTIVE_RECIPIENTS = 10;
const MAX_INTERACTIVE_BYTES = 256 * 1024;

export function priorityOf(
  reversePath: ReversePath,
  sizeBytes: number,
  recipients: number,
): Priority {
  if (recipients > MAX_INTERACTIVE_RECIPIENTS || sizeBytes > MAX_INTERACTIVE_BYTES) return 'bulk';
  return reversePath === NULL_PATH ? 'notification' : 'interactive';
}
