/**
 * What becomes of recipients that were refused for good when nobody waits for an answer
 * any more: the author gets a notification, as from a queue.
 *
 * The notification goes the same way as the message; where it is not taken now it is spooled
 * itself. One that is refused, too, is lost to its author and told to the log.
 *
 * RFC 3461, RFC 3464; RFC 5321 §6.1 (no notification of a notification).
 */
import { composeDsn, decideNotifications, readReturnedContent } from '@posthouse/dsn';
import type { RecipientFate } from '@posthouse/dsn';
import { newTransactionId } from '@posthouse/mail';
import type { Domain, MailContent } from '@posthouse/mail';
import type { Spool } from './spool.ts';
import type { SpooledMessage } from './spooled-message.ts';

/** A message with recipients that were refused. */
export interface Undeliverable {
  readonly message: Pick<SpooledMessage, 'id' | 'params' | 'reversePath' | 'takenAt'>;
  readonly content: MailContent;
  readonly fates: readonly RecipientFate[];
}

/** Where its notification is made. */
export interface NotificationPlace {
  readonly hostname: Domain;
  readonly spool: Spool;
  readonly now: number;
}

/**
 * Puts the notifications that are due into the spool, which hands them on with its next walk.
 * @returns how many
 * @throws DurableFsError
 */
export async function notifyAuthor(
  { content, fates, message }: Undeliverable,
  { hostname, now, spool }: NotificationPlace,
): Promise<number> {
  const notifications = decideNotifications(message, fates);
  for (const notification of notifications) {
    const id = newTransactionId(now);
    const { kind } = notification;
    const { bytes, forwardPath, mailParams, rcptParams, reversePath } = await composeDsn({
      notification,
      message: { ...message, acceptedAt: message.takenAt, origin: { greeting: '' } },
      returned: await readReturnedContent(content, { kind, params: message.params }),
      reportingMta: hostname,
      id,
      madeAt: now,
    });
    const held = spool.hold(id);
    await held.write(bytes);
    await held.end();
    const recipients = [{ forwardPath, params: rcptParams }];
    await spool.keep({ id, reversePath, params: mailParams, recipients, takenAt: now }, held);
  }
  return notifications.length;
}
