/**
 * The operator's verbs over a queue: look, hold, release, retry, remove.
 *
 * They work on the store, so that they do the same beside a running queue (give it
 * as `queue`) and on one that stands still. Verbs on many recipients go page by page;
 * each page is one atomic step with its events, and a verb that is interrupted can be
 * given again.
 */
import type { RecipientFate } from '@posthouse/dsn';
import { contentFrom, enhancedStatus, formatMailbox, parseTransactionId } from '@posthouse/mail';
import type { Clock, Domain, Logger, MailContent } from '@posthouse/mail';
import type { QueueEvent } from './event.ts';
import { hasLease, leasedKey } from './group.ts';
import type { LeasedRecipient } from './group.ts';
import { makeNotifications } from './notification.ts';
import { resolveOptions } from './options.ts';
import type { NotificationOptions, ResolvedOptions } from './options.ts';
import type { Queue } from './queue.ts';
import type { LaneKey, QueueId, RecipientKey, RecipientRecord, StoredMessage } from './record.ts';
import type { RoutePlanner } from './route.ts';
import type {
  Claimed,
  Conclusion,
  Intervention,
  QueueEntry,
  Selection,
  Store,
  SummaryLine,
} from './store.ts';
import { walk } from './walk.ts';

export interface OperatorOptions {
  /** Reporting-MTA of notifications about what is removed. */
  readonly hostname: Domain;
  readonly notifications?: NotificationOptions;
}

export interface OperatorDeps {
  readonly store: Store;
  readonly planner: RoutePlanner;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The queue that runs on the store, where one does: `retry` wakes hosts that rest. */
  readonly queue?: Pick<Queue, 'wake'>;
}

/** One message with those of its recipients that are still queued. */
export interface ShownMessage {
  readonly message: StoredMessage;
  readonly recipients: readonly RecipientRecord[];
  readonly content: MailContent;
}

export interface Removal {
  readonly removed: number;
  /** Not removed, because an attempt is under way. */
  readonly busy: number;
}

/** The verbs. Each rejects with StoreError where the store does. */
export interface Operator {
  list(selection?: Selection): AsyncIterable<QueueEntry>;
  show(id: QueueId): Promise<ShownMessage | undefined>;
  summary(): Promise<readonly SummaryLine[]>;
  /** @returns how many recipients were changed; so the next two */
  hold(selection: Selection): Promise<number>;
  release(selection: Selection): Promise<number>;
  /** Makes recipients due now, and has hosts that rest probed. */
  retry(selection: Selection): Promise<number>;
  /** Takes recipients out for good. @param notify whether the author is told, as of a failure */
  remove(selection: Selection, notify: boolean): Promise<Removal>;
  /** The life of a message by its queue id, or of all with a Message-ID or an address; oldest first. */
  trace(subject: string, limit?: number): Promise<readonly QueueEvent[]>;
}

const PAGE = 200;
const OWNER = 'operator';
const LEASE_MS = 60_000;
const MAX_TRACED = 10_000;

/** @example const operator = createOperator({ hostname }, { store, planner, clock, logger }); */
export function createOperator(options: OperatorOptions, deps: OperatorDeps): Operator {
  const { store, queue } = deps;
  const resolved = resolveOptions(options);
  return {
    list: (selection = {}) => walk(store, selection),
    show: (id) => show(id, store),
    summary: () => store.summary(deps.clock.now()),
    hold: (selection) => intervene('hold', selection, deps),
    release: (selection) => intervene('release', selection, deps),
    retry: async (selection) => {
      const lanes = new Set<LaneKey>();
      for await (const { recipient } of walk(store, selection)) lanes.add(recipient.lane);
      queue?.wake(lanes); // before, for the store tells the queue at once what is due
      return intervene('retry', selection, deps);
    },
    remove: (selection, notify) => remove(selection, notify ? resolved : undefined, deps),
    trace: (subject, limit = MAX_TRACED) => {
      const message = parseTransactionId(subject);
      return store.trace(message === undefined ? { text: subject } : { message }, limit);
    },
  };
}

async function show(id: QueueId, store: Store): Promise<ShownMessage | undefined> {
  const message = await store.message(id);
  if (message === undefined) return undefined;
  const recipients: RecipientRecord[] = [];
  for await (const { recipient } of walk(store, { message: id })) recipients.push(recipient);
  const content = contentFrom(message.sizeBytes, () => store.open(id), message.prefix);
  return { message, recipients, content };
}

async function intervene(
  action: Intervention,
  selection: Selection,
  { store, clock }: OperatorDeps,
): Promise<number> {
  let sum = 0;
  let after: RecipientKey | undefined;
  do {
    const page = { limit: PAGE, ...(after === undefined ? {} : { after }) };
    const { changed, next } = await store.intervene(action, selection, clock.now(), page);
    sum += changed;
    after = next;
  } while (after !== undefined);
  return sum;
}

async function remove(
  selection: Selection,
  options: ResolvedOptions | undefined,
  deps: OperatorDeps,
): Promise<Removal> {
  const { store, clock } = deps;
  let removed = 0;
  let busy = 0;
  let after: RecipientKey | undefined;
  do {
    const now = clock.now();
    const page = await store.claimSelected(selection, {
      owner: OWNER,
      now,
      leaseUntil: now + LEASE_MS,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    const units = await Promise.all(page.claimed.map((each) => unitOf(each, options, deps)));
    const results = units.length === 0 ? [] : await store.conclude(units);
    for (const [place, { changes }] of units.entries()) {
      if (results[place] === 'done') removed += changes.length;
      else busy += changes.length;
    }
    busy += page.busy;
    after = page.next;
  } while (after !== undefined);
  return { removed, busy };
}

/** Takes a message's recipients out, with an event for each and a notification where one is wanted. */
async function unitOf(
  { message, recipients }: Claimed,
  options: ResolvedOptions | undefined,
  { store, planner, clock, logger }: OperatorDeps,
): Promise<Conclusion> {
  const now = clock.now();
  const leased = recipients.filter(hasLease);
  const told =
    options === undefined
      ? { messages: [], events: [] }
      : await makeNotifications(
          {
            message,
            content: contentFrom(message.sizeBytes, () => store.open(message.id), message.prefix),
            news: leased.map((recipient) => ({ index: recipient.index, fate: fateOf(recipient) })),
            now,
          },
          { hostname: options.hostname, options: options.notifications, planner, logger },
        );
  return {
    changes: leased.map((recipient) => ({ ...leasedKey(recipient), kind: 'done' })),
    events: [
      ...leased.map(({ index, forwardPath }) => ({
        kind: 'removed' as const,
        message: message.id,
        index,
        at: now,
        recipient: formatMailbox(forwardPath),
      })),
      ...told.events,
    ],
    messages: told.messages,
  };
}

function fateOf({ forwardPath, params, lastReason }: LeasedRecipient): RecipientFate {
  const reason = 'An operator removed the message from the queue';
  return {
    forwardPath,
    params,
    outcome: {
      kind: 'failed',
      status: enhancedStatus(5, 7, 1),
      reason: lastReason === undefined ? reason : `${reason}. ${lastReason}`,
      proof: 'policy',
    },
  };
}
