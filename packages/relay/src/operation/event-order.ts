/**
 * The event log as an order: what is kept, and with `follow` what is written from now on,
 * for as long as the reader reads. Each event comes when it is durable.
 */
import { describeEvent } from '@posthouse/queue';
import type { EventCursor, QueueEvent, Store } from '@posthouse/queue';
import { tracedEvent } from './queue-views.ts';
import type { TracedEvent } from './queue-views.ts';

const PAGE = 500;

export interface EventOrder {
  /** Begins behind this one. @default the oldest that is kept */
  readonly after?: EventCursor | undefined;
  /** Whether to wait for more. */
  readonly follow: boolean;
}

/** An event for programs and for people. */
export interface ToldEvent {
  readonly event: TracedEvent;
  readonly line: string;
}

/** One part of the answer. */
export type OrderedEvent =
  | (ToldEvent & { readonly cursor: EventCursor })
  /** The cursor was older than what is kept: events have been missed. Comes first. */
  | { readonly isGap: true }
  /** All so far were told. */
  | { readonly isCaughtUp: true };

export async function* orderEvents(order: EventOrder, store: Store): AsyncGenerator<OrderedEvent> {
  for await (const found of readEvents(order, store)) {
    yield 'cursor' in found ? { ...toldEvent(found), cursor: found.cursor } : found;
  }
}

/** The same with the events as the log has them. */
export async function* readEvents(
  order: EventOrder,
  store: Store,
): AsyncGenerator<QueueEvent | Exclude<OrderedEvent, ToldEvent>> {
  let { after } = order;
  for (;;) {
    const change = nextChange(store);
    try {
      const { events, gap } = await store.events(after, PAGE);
      if (gap) yield { isGap: true };
      yield* events;
      after = events.at(-1)?.cursor ?? after;
      if (events.length > 0) continue;
      yield { isCaughtUp: true };
      if (!order.follow) return;
      await change.promise;
    } finally {
      change.forget();
    }
  }
}

export function toldEvent(event: QueueEvent): ToldEvent {
  return { event: tracedEvent(event), line: describeEvent(event) };
}

function nextChange(store: Store): { readonly promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const forget = store.onChange((what) => {
    if (what === 'events') resolve();
  });
  return { promise, forget };
}
