/**
 * The event log as an order: what is kept, and with `follow` what is written from now on,
 * for as long as the reader reads. Each event comes when it is durable.
 */
import type { EventCursor, Store } from '@posthouse/queue';
import { tracedEvent } from './queue-views.ts';

const PAGE = 500;

export interface EventOrder {
  /** Begins behind this one. @default the oldest that is kept */
  readonly after?: EventCursor | undefined;
  /** Whether to wait for more. */
  readonly follow: boolean;
}

/** Yields `{ event, cursor }`, and `{ isCaughtUp: true }` when all so far were told. */
export async function* orderEvents(order: EventOrder, store: Store): AsyncGenerator<object> {
  let { after } = order;
  for (;;) {
    const change = nextChange(store);
    const { events } = await store.events(after, PAGE);
    for (const event of events) yield { event: tracedEvent(event), cursor: event.cursor };
    after = events.at(-1)?.cursor ?? after;
    if (events.length === 0) {
      yield { isCaughtUp: true };
      if (!order.follow) return;
      await change.promise;
    }
    change.forget();
  }
}

function nextChange(store: Store): { readonly promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const forget = store.onChange((what) => {
    if (what === 'events') resolve();
  });
  return { promise, forget };
}
