/**
 * The way into the queue: what every transaction shares.
 *
 * `accept` makes the record of a message and of its recipients, leases those that
 * may go at once, and hands them to the dispatch when the store has them. Whatever
 * the store cannot do is a refusal for now, and leaves nothing behind.
 */
import {
  asMailError,
  contentFrom,
  contentOf,
  enhancedStatus,
  refuse,
  tooLarge,
} from '@posthouse/mail';
import type {
  Clock,
  ForwardPath,
  Logger,
  MailContent,
  MailError,
  MailParams,
  MessageId,
  RcptParams,
  RecipientOutcome,
  ReversePath,
  TransferContext,
} from '@posthouse/mail';
import { acceptedEvents } from './accepted-event.ts';
import { waitOfDeath } from './attempt.ts';
import type { BackPressure } from './back-pressure.ts';
import { DeliverFirst } from './deliver-first.ts';
import type { Dispatch } from './dispatch.ts';
import type { NewEvent } from './event.ts';
import { groupsOf, senderOf } from './group.ts';
import type { Group, LeasedRecipient } from './group.ts';
import type { ResolvedOptions } from './options.ts';
import { priorityOf } from './priority.ts';
import type { LaneKey, MessageRecord, QueueId, RecipientRecord } from './record.ts';
import type { RetrySchedule } from './retry-schedule.ts';
import type { RoutePlan, RoutePlanner } from './route.ts';
import { StoreError } from './store.ts';
import type { NewMessage, StagedContent, Store } from './store.ts';
import { Tally } from './tally.ts';

/** MAIL and where it came from. */
export interface Opening {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  readonly context: TransferContext;
}

/** RCPT. */
export interface NamedRecipient {
  readonly forwardPath: ForwardPath;
  readonly params: RcptParams;
}

/** Who and what an inspector may look at. */
export interface InspectedEnvelope extends Opening {
  readonly recipients: readonly NamedRecipient[];
}

/** @returns further header fields, which go in front of all others. @throws MailError to refuse */
export type Inspect = (
  envelope: InspectedEnvelope,
  content: MailContent,
  signal: AbortSignal,
) => Promise<Uint8Array>;

/** A message that is staged whole. */
export interface Arrival extends Opening {
  readonly id: QueueId;
  readonly recipients: readonly NamedRecipient[];
  readonly prefix: Uint8Array;
  readonly staged: StagedContent;
  readonly messageId: MessageId | undefined;
  readonly tlsOptional: boolean;
}

export interface IntakeDeps {
  readonly store: Store;
  readonly planner: RoutePlanner;
  readonly dispatch: Dispatch;
  readonly schedule: RetrySchedule;
  readonly backPressure: BackPressure;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly inspect?: Inspect;
}

/** Recipients of one lane, with their places in the message. */
interface LaneOfArrival {
  readonly plan: RoutePlan;
  readonly indexes: number[];
}

/** What the store is given, and what of it is leased to us. */
interface Entry {
  readonly message: MessageRecord;
  readonly recipients: RecipientRecord[];
  readonly groups: Group[];
  reserved: number;
}

/** Tries of an accept that is in doubt. */
const MAX_ACCEPTS = 3;
const ACCEPTED = { kind: 'accepted', status: enhancedStatus(2, 6, 0) } as const;

export class Intake {
  readonly options: ResolvedOptions;
  readonly #deps: IntakeDeps;
  readonly #accepts = new Tally();
  readonly #deliverFirst: DeliverFirst;
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(options: ResolvedOptions, deps: IntakeDeps) {
    this.options = options;
    this.#deps = deps;
    this.#deliverFirst = new DeliverFirst(options.deliverFirstMs, deps);
  }

  async start(): Promise<void> {
    await this.#deps.backPressure.refresh();
    if (this.#state === 'new') this.#state = 'open';
  }

  /** Takes no more messages from now on; resolves when those that are being accepted are. */
  async stop(): Promise<void> {
    this.#state = 'closed';
    await this.#accepts.none();
    await this.#deliverFirst.stop();
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  /** Why this message is not taken; `undefined`: it may come. */
  refusal({ sizeBytes = 0 }: MailParams): MailError | undefined {
    if (this.#state !== 'open') return refuse('shutting-down');
    if (sizeBytes > this.options.maxMessageBytes) return tooLarge(this.options.maxMessageBytes);
    return this.#deps.backPressure.refusal(sizeBytes);
  }

  /** Opens a stage, and counts what is to come. */
  stage(sizeHintBytes: number | undefined): ReturnType<Store['stage']> {
    return this.#deps.store.stage(sizeHintBytes);
  }

  expect(bytes: number): void {
    this.#deps.backPressure.expect(bytes);
  }

  ended(bytes: number): void {
    this.#deps.backPressure.ended(bytes);
  }

  /** Makes it durable; once we are stopping, nothing that was not begun before. @throws MailError */
  async accept(
    arrival: Arrival,
    signal: AbortSignal | undefined,
  ): Promise<readonly RecipientOutcome[]> {
    if (this.#state !== 'open') throw refuse('shutting-down');
    try {
      return await this.#accepts.add(this.#accept(arrival, signal));
    } catch (error) {
      throw refusalOfFault(error);
    }
  }

  async #accept(
    arrival: Arrival,
    signal: AbortSignal | undefined,
  ): Promise<readonly RecipientOutcome[]> {
    const { inspect } = this.#deps;
    const prefix =
      inspect === undefined ? arrival.prefix : await inspected(inspect, arrival, signal);
    const entry = this.#entryOf(arrival, prefix);
    const { groups, message, recipients } = entry;
    const events = acceptedEvents(message, recipients, sessionOf(message.origin));
    const incoming = { message, recipients, events };
    const content = readStaged(arrival.staged, prefix);
    const store = (): Promise<void> => this.#store(incoming);
    const { release } = arrival.staged;
    const isTaken = await this.#deliverFirst.take({ incoming, groups, content, store, release });
    if (!isTaken) await this.#storeFirst(entry, incoming, arrival.staged);
    const outcome = { ...ACCEPTED, id: arrival.id };
    return arrival.recipients.map(() => outcome);
  }

  async #storeFirst(
    { groups, reserved }: Entry,
    incoming: NewMessage,
    { pointer }: StagedContent,
  ): Promise<void> {
    const { dispatch } = this.#deps;
    try {
      await this.#store(incoming);
    } catch (error) {
      if (reserved > 0) dispatch.release(reserved);
      throw error;
    }
    if (groups.length === 0) return;
    dispatch.admit(groups, pointer.kind === 'inline' ? pointer.bytes : undefined);
  }

  async #store(incoming: NewMessage): Promise<void> {
    const { store, logger } = this.#deps;
    const { message } = incoming;
    for (let tries = 1; ; tries++) {
      try {
        await store.accept([incoming]);
        return;
      } catch (error) {
        const inDoubt = error instanceof StoreError && error.kind === 'in-doubt';
        logger.error(
          { event: 'accept-failed', queueId: message.id, err: error },
          'A message could not be stored',
        );
        if (!inDoubt || tries === MAX_ACCEPTS) throw error;
      }
    }
  }

  #entryOf(arrival: Arrival, prefix: Uint8Array): Entry {
    const { id, reversePath, params, context, staged } = arrival;
    const message: MessageRecord = {
      id,
      reversePath,
      params,
      origin: context,
      prefix,
      content: staged.pointer,
      sizeBytes: staged.sizeBytes,
      ...(arrival.messageId === undefined ? {} : { messageId: arrival.messageId }),
      ...(arrival.tlsOptional ? { tlsOptional: true as const } : {}),
      priority: priorityOf(reversePath, staged.sizeBytes, arrival.recipients.length),
      acceptedAt: this.#deps.clock.now(),
    };
    const entry: Entry = { message, recipients: [], groups: [], reserved: 0 };
    const kept: MessageRecord = { ...message, content: { kind: 'kept' } };
    const sender = senderOf(message);
    for (const lane of this.#lanesOf(arrival, message)) {
      const { plan, indexes } = lane;
      const from = { sender, priority: message.priority };
      const leased = this.#deps.dispatch.reserve(plan, from, indexes.length);
      const recipients = this.#recipientsOf(arrival, message, lane);
      if (!leased) {
        entry.recipients.push(...recipients);
        continue;
      }
      entry.reserved += recipients.length;
      const ours = recipients.map((recipient) => this.#leased(recipient, plan));
      entry.recipients.push(...ours);
      const max = this.options.concurrency.maxRecipientsPerAttempt;
      entry.groups.push(...groupsOf(kept, plan, ours, max));
    }
    entry.recipients.sort((a, b) => a.index - b.index);
    return entry;
  }

  #lanesOf(arrival: Arrival, message: MessageRecord): Iterable<LaneOfArrival> {
    const lanes = new Map<LaneKey, LaneOfArrival>();
    for (const [index, { forwardPath }] of arrival.recipients.entries()) {
      const plan = this.#deps.planner.plan(forwardPath, message);
      const lane = lanes.get(plan.lane);
      if (lane === undefined) lanes.set(plan.lane, { plan, indexes: [index] });
      else lane.indexes.push(index);
    }
    return lanes.values();
  }

  #recipientsOf(
    { recipients }: Arrival,
    { id, acceptedAt }: MessageRecord,
    { plan, indexes }: LaneOfArrival,
  ): readonly RecipientRecord[] {
    return indexes.flatMap((index) => {
      const named = recipients[index];
      if (named === undefined) return [];
      return {
        message: id,
        index,
        forwardPath: named.forwardPath,
        params: named.params,
        state: 'queued',
        lane: plan.lane,
        site: plan.site,
        attempts: 0,
        dueAt: acceptedAt,
        delayTold: false,
      };
    });
  }

  /**
   * Under a lease of ours. For a stranger's host the attempt counts as begun, so that this very
   * commit makes the time of the next one durable before we dial.
   */
  #leased(recipient: RecipientRecord, plan: RoutePlan): LeasedRecipient {
    const begun = plan.own !== true;
    const attempts = 1;
    const { forwardPath, dueAt } = recipient;
    const wait = begun ? waitOfDeath({ attempts, forwardPath }, this.#deps.schedule) : 0;
    const until = dueAt + this.options.leaseMs;
    const lease = { owner: this.options.owner, token: 1, until, begun };
    return { ...recipient, attempts, dueAt: dueAt + wait, lease };
  }
}

/** The prefix, with what an inspector puts in front of it. */
async function inspected(
  inspect: Inspect,
  arrival: Arrival,
  signal: AbortSignal = new AbortController().signal,
): Promise<Uint8Array> {
  const { reversePath, params, context, recipients, prefix } = arrival;
  const content = readStaged(arrival.staged, prefix);
  if (content === undefined) throw new TypeError('the store cannot read what it staged');
  const more = await inspect({ reversePath, params, context, recipients }, content, signal);
  return more.byteLength === 0 ? prefix : Buffer.concat([more, prefix]);
}

/** The facts of the session, so that a trace can begin with them. */
function sessionOf({ greeting, peer, protocol, tls }: TransferContext): Partial<NewEvent> {
  const { address } = peer;
  const name = peer.name ?? (greeting === '' ? address : greeting);
  return {
    ...(protocol === 'local' ? {} : { host: { name, address } }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** Staged content, to be read before anybody has it; `undefined` where the store cannot do that. */
function readStaged(
  { pointer, sizeBytes, open }: StagedContent,
  prefix: Uint8Array,
): MailContent | undefined {
  if (pointer.kind === 'inline') return contentOf(pointer.bytes, prefix);
  return open && contentFrom(sizeBytes, open, prefix);
}

/** A fault as it is said to peers; a refusal is itself. */
export function refusalOfFault(error: unknown): MailError {
  const full = error instanceof StoreError && error.kind === 'full';
  return full ? refuse('insufficient-storage', { cause: error }) : asMailError(error);
}
