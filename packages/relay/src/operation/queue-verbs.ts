/**
 * The operator's verbs as orders with plain fields and answers of plain items: what the
 * control socket of a running relay offers, and what a command does itself over the store
 * of one that stands still.
 *
 * Long answers come as they are read. A field that cannot be read is a TypeError; a fault
 * of the store is what it was, and the verb can be given again.
 */
import { parseTransactionId } from '@posthouse/mail';
import type { Clock } from '@posthouse/mail';
import { createDisk } from '@posthouse/durable-fs';
import { exportTo, importFrom } from '@posthouse/queue';
import type { EventCursor, Operator, PaceView, RoutePlanner, Store } from '@posthouse/queue';
import { orderEvents } from './event-order.ts';
import {
  listedRecipient,
  shownEnvelope,
  shownRate,
  shownRecipient,
  shownSite,
  summarizedDomain,
} from './queue-views.ts';
import { readSelection } from './selection-fields.ts';
import type { OrderFields } from './selection-fields.ts';
import { orderTrace } from './trace-order.ts';

/** Does what an order says, item by item. */
export type QueueVerb = (fields: OrderFields) => AsyncIterable<object>;

export interface QueueVerbsDeps {
  readonly operator: Operator;
  readonly store: Store;
  readonly planner: RoutePlanner;
  readonly clock: Clock;
  /** How much goes where: of the queue that runs, or as it has noted. */
  readonly pace: () => PaceView | Promise<PaceView>;
}

/** Makes the verbs, by the names under which they are ordered. */
export function createQueueVerbs(deps: QueueVerbsDeps): Readonly<Record<string, QueueVerb>> {
  const { clock, operator } = deps;
  const selection = (fields: OrderFields) => readSelection(fields, clock.now());
  return {
    'queue.list': (fields) => list(fields, deps),
    'queue.show': (fields) => show(fields, deps),
    async *'queue.summary'() {
      for (const line of await operator.summary()) yield summarizedDomain(line, clock.now());
    },
    'queue.sites': (fields) => sites(fields, deps),
    async *'queue.rates'(fields) {
      const pace = await deps.pace();
      for (const standing of pace.rates(textOf(fields, 'key'))) yield shownRate(standing);
    },
    async *'queue.hold'(fields) {
      yield { changed: await operator.hold(selection(fields)) };
    },
    async *'queue.release'(fields) {
      yield { changed: await operator.release(selection(fields)) };
    },
    async *'queue.retry'(fields) {
      yield { changed: await operator.retry(selection(fields)) };
    },
    async *'queue.remove'(fields) {
      yield await operator.remove(selection(fields), fields['notify'] === true);
    },
    async *'queue.export'(fields) {
      const place = { store: deps.store, disk: createDisk() };
      yield { messages: await exportTo(textOf(fields, 'folder'), selection(fields), place) };
    },
    async *'queue.import'(fields) {
      yield* importFrom(textOf(fields, 'folder'), { ...deps, disk: createDisk() });
    },
    'queue.trace': (fields) => {
      const limit = countOf(fields, 'limit');
      const subject = textOf(fields, 'subject');
      return orderTrace({ subject, limit, follow: fields['follow'] === true }, deps);
    },
    'queue.events': (fields) => {
      const follow = fields['follow'] === true;
      const after = fields['after'] === undefined ? undefined : cursorOf(textOf(fields, 'after'));
      return orderEvents({ follow, after }, deps.store);
    },
  };
}

async function* list(fields: OrderFields, { clock, operator }: QueueVerbsDeps) {
  let left = countOf(fields, 'limit') ?? Infinity;
  for await (const entry of operator.list(readSelection(fields, clock.now()))) {
    if (left <= 0) return;
    left -= 1;
    yield listedRecipient(entry, clock.now());
  }
}

/** All sites, or the one that `site` names. */
async function* sites(fields: OrderFields, { pace }: QueueVerbsDeps) {
  const name = fields['site'] === undefined ? undefined : textOf(fields, 'site');
  for (const standing of (await pace()).sites()) {
    if (name === undefined || name === standing.site) yield shownSite(standing);
  }
}

/** The envelope, each recipient, and with `content` the message in pieces. Nothing where it is not queued. */
async function* show(fields: OrderFields, { clock, operator }: QueueVerbsDeps) {
  const id = parseTransactionId(textOf(fields, 'id').toUpperCase());
  if (id === undefined) throw new TypeError(`id cannot be read: ${String(fields['id'])}`);
  const shown = await operator.show(id);
  if (shown === undefined) return;
  yield { envelope: shownEnvelope(shown.message) };
  for (const recipient of shown.recipients) {
    yield { recipient: shownRecipient(recipient, clock.now()) };
  }
  if (fields['content'] !== true) return;
  yield { base64: base64(shown.content.prefix) };
  for await (const chunk of shown.content.open()) yield { base64: base64(chunk) };
}

/** A cursor is opaque: the store says whether it knows it. */
function cursorOf(text: string): EventCursor {
  return text as EventCursor; // parsed by the store
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}

function textOf(fields: OrderFields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} is missing`);
  return value;
}

function countOf(fields: OrderFields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value);
  throw new TypeError(`${name} is no number above 0`);
}
