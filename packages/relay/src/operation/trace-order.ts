/**
 * The life of messages as an order: what is known of a queue id, a Message-ID or an address,
 * and with `follow` what becomes of them, and of new ones that fit, from now on.
 */
import { parseTransactionId } from '@posthouse/mail';
import { searchKey } from '@posthouse/queue';
import type { Operator, QueueEvent, Store } from '@posthouse/queue';
import { readEvents, toldEvent } from './event-order.ts';
import type { ToldEvent } from './event-order.ts';

export interface TraceOrder {
  readonly subject: string;
  /** Events at most of what is known. */
  readonly limit: number | undefined;
  readonly follow: boolean;
}

/** Messages that are followed at once; the oldest is let go for one more. */
const MAX_FOLLOWED = 10_000;

export async function* orderTrace(
  { subject, limit, follow }: TraceOrder,
  { operator, store }: { readonly operator: Operator; readonly store: Store },
): AsyncGenerator<ToldEvent> {
  const after = follow ? await store.lastEvent() : undefined;
  const told = new Set<string>();
  const followed = new Set<string>();
  for (const event of await operator.trace(subject, limit)) {
    told.add(event.cursor); // it may have been written after the end was asked for
    followed.add(event.message);
    yield toldEvent(event);
  }
  if (after === undefined) return;
  const isMeant = createMatcher(subject);
  for await (const found of readEvents({ after, follow: true }, store)) {
    if (!('cursor' in found)) continue;
    if (isMeant(found)) remember(found.message, followed);
    if (followed.has(found.message) && !told.delete(found.cursor)) yield toldEvent(found);
  }
}

/** Whether an event names the subject: it is in each message's first one. */
function createMatcher(subject: string): (event: QueueEvent) => boolean {
  const id = parseTransactionId(subject);
  if (id !== undefined) return ({ message }) => message === id;
  const key = searchKey(subject);
  return ({ messageId, originalRecipient, recipient, sender }) =>
    [messageId, originalRecipient, recipient, sender].some(
      (text) => text !== undefined && searchKey(text) === key,
    );
}

function remember(message: string, followed: Set<string>): void {
  followed.add(message);
  const [oldest] = followed;
  if (followed.size > MAX_FOLLOWED && oldest !== undefined) followed.delete(oldest);
}
