/**
 * Makes the notifications that a verdict calls for, as messages ready to enter the
 * queue in the same unit that decides their recipients' fate.
 *
 * A message whose content cannot be read any more is reported without it: its
 * author must hear of it all the more. RFC 3461 §6, RFC 3464.
 */
import { composeDsn, decideNotifications, readReturnedContent } from '@posthouse/dsn';
import type { Notification, RecipientFate, ReturnedContent } from '@posthouse/dsn';
import { formatMailbox, newTraceId, newTransactionId } from '@posthouse/mail';
import type { Domain, ForwardPath, Logger, MailContent, TransferContext } from '@posthouse/mail';
import { acceptedEvents } from './accepted-event.ts';
import type { NewEvent } from './event.ts';
import type { ResolvedNotifications } from './options.ts';
import type { MessageRecord, QueueId, RecipientRecord } from './record.ts';
import type { RoutePlan, RoutePlanner } from './route.ts';
import type { Conclusion, NewMessage } from './store.ts';

/** News of one recipient. */
export interface News {
  readonly index: number;
  readonly fate: RecipientFate;
}

export interface NotificationDeps {
  readonly hostname: Domain;
  readonly options: ResolvedNotifications;
  readonly planner: RoutePlanner;
  readonly logger: Logger;
}

/** What enters the queue beside the changes; nothing where nobody is to be told. */
export type Notifications = Pick<Conclusion, 'messages' | 'events'>;

const NOBODY_TOLD: Notifications = { messages: [], events: [] };

/** Makes the notifications of one message's news. */
export async function makeNotifications(
  {
    message,
    content,
    news,
    now,
  }: {
    readonly message: MessageRecord;
    readonly content: MailContent;
    readonly news: readonly News[];
    readonly now: number;
  },
  deps: NotificationDeps,
): Promise<Notifications> {
  if (news.length === 0) return NOBODY_TOLD;
  const fates = news.map(({ fate }) => fate);
  const wanted = decideNotifications(message, fates, { postmaster: deps.options.postmaster });
  if (wanted.length === 0) return NOBODY_TOLD;
  const messages: NewMessage[] = [];
  const events: NewEvent[] = [];
  for (const notification of wanted) {
    const made = await make(notification, { message, content, now }, deps);
    messages.push(made);
    events.push(...tellingEvents(notification, news, { of: message.id, by: made.message.id, now }));
  }
  return { messages, events };
}

async function make(
  notification: Notification,
  about: { readonly message: MessageRecord; readonly content: MailContent; readonly now: number },
  deps: NotificationDeps,
): Promise<NewMessage> {
  const { message, now } = about;
  const id = newTransactionId(now);
  const composed = await composeDsn({
    notification,
    message,
    returned: await readReturned(notification, about, deps),
    reportingMta: deps.hostname,
    id,
    madeAt: now,
  });
  const origin: TransferContext = {
    protocol: 'local',
    peer: { address: 'local' },
    greeting: '',
    arrivedAt: now,
    traceId: newTraceId(),
  };
  const { reversePath, mailParams: params, forwardPath, bytes } = composed;
  const recipients = finalRecipients(forwardPath, deps.planner).map((final, index) => ({
    message: id,
    index,
    forwardPath: final,
    params: composed.rcptParams,
    state: 'queued' as const,
    ...placeOf(deps.planner.plan(final, { reversePath, params, origin })),
    attempts: 0,
    dueAt: now,
    delayTold: false,
  }));
  const made: MessageRecord = {
    id,
    reversePath,
    params,
    origin,
    prefix: new Uint8Array(),
    content: { kind: 'inline', bytes },
    sizeBytes: bytes.byteLength,
    ...(composed.messageId === undefined ? {} : { messageId: composed.messageId }),
    priority: 'notification',
    acceptedAt: now,
  };
  return { message: made, recipients, events: acceptedEvents(made, recipients) };
}

/** An address that leads nowhere is kept as it is: that it failed will be found out and told. */
function finalRecipients(forwardPath: ForwardPath, planner: RoutePlanner): readonly ForwardPath[] {
  const finals = planner.expand?.(forwardPath) ?? [];
  return finals.length === 0 ? [forwardPath] : finals;
}

function placeOf({ lane, site }: RoutePlan): Pick<RecipientRecord, 'lane' | 'site'> {
  return { lane, site };
}

async function readReturned(
  { kind }: Notification,
  { message, content }: { readonly message: MessageRecord; readonly content: MailContent },
  { options, logger }: NotificationDeps,
): Promise<ReturnedContent> {
  const { maxReturnedBytes } = options;
  try {
    return await readReturnedContent(content, { kind, params: message.params, maxReturnedBytes });
  } catch (error) {
    logger.error(
      { event: 'content-unreadable', queueId: message.id, err: error },
      'A notification goes out without the content of its message',
    );
    return { kind: 'headers', bytes: Buffer.from(message.prefix) };
  }
}

/** One event for each recipient that is told of. */
function tellingEvents(
  notification: Notification,
  news: readonly News[],
  { of, by, now }: { readonly of: QueueId; readonly by: QueueId; readonly now: number },
): readonly NewEvent[] {
  return news
    .filter(({ fate }) => notification.fates.includes(fate))
    .map(({ index, fate }) => ({
      kind: 'notification-sent',
      message: of,
      index,
      at: now,
      recipient: formatMailbox(fate.forwardPath),
      reason: notification.kind,
      notification: by,
    }));
}
