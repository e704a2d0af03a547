/** What a fault of the disk means for a recipient: always "not now", and whose trouble it is. */
import { DurableFsError } from '@posthouse/durable-fs';
import { MailError, refuse } from '@posthouse/mail';

/** A refusal for what was thrown; one that is a refusal already stays as it is. */
export function refusalOfFault(thrown: unknown): MailError {
  if (thrown instanceof MailError) return thrown;
  const options = { cause: thrown };
  if (!(thrown instanceof DurableFsError)) return refuse('local-trouble', options);
  switch (thrown.kind) {
    case 'full':
      return refuse('insufficient-storage', { ...options, scope: 'host' });
    case 'read-only':
      return refuse('local-trouble', { ...options, scope: 'host' });
    case 'denied':
    case 'exists':
    case 'missing':
    case 'damaged':
      return refuse('mailbox-unavailable', { ...options, scope: 'recipient' });
    case 'unavailable':
      return refuse('local-trouble', options);
    default:
      return thrown.kind satisfies never;
  }
}
