/**
 * Store: the durable truth of a queue. All else here is an index over it or a decision.
 *
 * At durability `disk`, when `accept` or `conclude` resolves, all that it was given is on the
 * disk, content and directory entries included; when it rejects, none of it is (but for
 * `in-doubt`). Calls that arrive while one commit runs share the next; each unit is atomic.
 *
 * One owner at a time: `start` throws StoreError `in-use` where another process holds it.
 * What is damaged is moved aside and reported, and the rest goes on. Every method may
 * reject with StoreError, and no rejection makes a message permanent or gone. Every
 * implementation passes the contract in `@posthouse/queue/testing`.
 */
import type { Reply, Startable } from '@posthouse/mail';
import type {
  ContentPointer,
  LaneKey,
  MessageRecord,
  QueueId,
  RecipientKey,
  RecipientRecord,
  SiteKey,
  StoredMessage,
} from './record.ts';
import type { EventCursor, NewEvent, QueueEvent } from './event.ts';

/** How much a 250 is worth: `disk` survives a power cut, `memory` is for throw-away test stacks. */
export type Durability = 'disk' | 'memory';

/** A message on its way in, with its recipients and the events that tell of it. */
export interface NewMessage {
  readonly message: MessageRecord;
  /** May carry a lease of the accepting process, which saves it the claim. */
  readonly recipients: readonly RecipientRecord[];
  readonly events: readonly NewEvent[];
}

/** A message that is only told of. */
export interface LoggedMessage extends Pick<NewMessage, 'events'> {
  readonly message: Pick<MessageRecord, 'id' | 'messageId' | 'reversePath'>;
  readonly recipients: readonly Pick<RecipientRecord, 'forwardPath' | 'params'>[];
}

/** What claim looks for. */
export interface ClaimRequest {
  readonly owner: string;
  readonly now: number;
  /** When the leases end. */
  readonly leaseUntil: number;
  /** Recipients in all. */
  readonly limit: number;
  /** Recipients of one lane, so that a long lane leaves room for short ones. */
  readonly perLaneLimit: number;
  /** Lanes that have all they can use at present. */
  readonly excludeLanes: readonly LaneKey[];
  /** Sites that rest or have all they can use; a site may have thousands of lanes. */
  readonly excludeSites: readonly SiteKey[];
  /** Only these lanes: what an open connection asks for. Absent: all. */
  readonly onlyLanes?: readonly LaneKey[];
}

/** A message with those of its recipients that are under our lease now. Its content is read with `open`. */
export interface Claimed {
  readonly message: MessageRecord;
  readonly recipients: readonly RecipientRecord[];
}

/** A recipient under lease, as the holder names it. */
export type LeasedKey = RecipientKey & { readonly token: number };

/** A stretch of a long walk over recipients. */
export interface Page {
  readonly limit: number;
  /** Begins behind this one, whether or not it is still there. */
  readonly after?: RecipientKey;
}

/** An operator's claim, and what it could not have because an attempt is under way. */
export interface SelectedClaim {
  readonly claimed: readonly Claimed[];
  readonly busy: number;
  /** Where to go on; absent at the end. */
  readonly next?: RecipientKey;
}

/** Whether the message was taken now, or was there already under the same id. */
export type AcceptResult = 'taken' | 'present';

/** A recipient's new state. `done` takes it out of the queue. */
export type RecipientChange = LeasedKey &
  (
    | { readonly kind: 'done' }
    | {
        readonly kind: 'again';
        readonly dueAt: number;
        readonly lane: LaneKey;
        readonly site: SiteKey;
        /** These two replace what was there, absent or not. */
        readonly lastReason?: string;
        readonly lastReply?: Reply;
        readonly delayTold: boolean;
        /** False where the attempt never began, so that it does not count. */
        readonly counts: boolean;
      }
  );

/** One atomic unit: changes, their events, and the messages (DSNs) that they give rise to. */
export interface Conclusion {
  readonly changes: readonly RecipientChange[];
  readonly events: readonly NewEvent[];
  readonly messages: readonly NewMessage[];
}

/** `stale`: a lease in the unit was lost or its recipient is gone, and nothing of the unit was done. */
export type ConclusionResult = 'done' | 'stale';

/** Which recipients an operator means; conditions are joined by "and", an empty selection is all. */
export interface Selection {
  readonly message?: QueueId;
  readonly index?: number;
  readonly state?: RecipientRecord['state'];
  /** Domain of the recipient, A-labels. */
  readonly domain?: string;
  /** Reverse-path without brackets; `<>` for the null path. */
  readonly reversePath?: string;
  /** The recipient's address. */
  readonly recipient?: string;
  readonly acceptedBefore?: number;
  /** Under a lease at this time: an attempt is under way. */
  readonly leasedAt?: number;
}

/**
 * What an operator may do to a selection without an attempt; each writes an event per recipient.
 * `hold` on a leased recipient holds once its attempt has ended `again`. `retry` makes queued
 * recipients without a lease due at once, and ends the rest of their lanes. Removing goes by
 * `claimSelected` and `conclude`, so that a DSN can enter in the same step.
 */
export type Intervention = 'hold' | 'release' | 'retry';

export interface Intervened {
  readonly changed: number;
  /** Where to go on; absent at the end. */
  readonly next?: RecipientKey;
}

/** A message's summary with one of its recipients, for lists. */
export interface QueueEntry {
  readonly message: Omit<StoredMessage, 'content' | 'prefix'>;
  readonly recipient: RecipientRecord;
}

/** One line of the age-by-destination report. */
export interface SummaryLine {
  readonly domain: string;
  readonly recipients: number;
  readonly held: number;
  readonly oldestAcceptedAt: number;
  /** Recipients by age, in the classes that end at `AGE_BOUNDS_MS`, and those that are older. */
  readonly ages: readonly number[];
  /** Rests of lanes apart; absent where all are held. */
  readonly nextDueAt?: number;
  /** The latest end of a rest of its lanes, past ones too. */
  readonly restUntil?: number;
  /** What the last attempt came to, of the oldest that was tried. */
  readonly lastReason?: string;
  readonly lastReply?: Reply;
}

/** A fact by its key; null forgets it. */
export type Note = readonly [key: string, value: string | null];

/** Sums that back-pressure looks at; kept up to date in memory. */
export interface StoreUsage {
  readonly messages: number;
  readonly recipients: number;
  readonly contentBytes: number;
}

/** Content on its way in. Not yet anybody's: what is not accepted is discarded, at the latest at the next start. */
export interface ContentStage {
  /** Resolves when the next chunk may come; the chunk's memory may be used again then. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends writing. `disk`: adopted content is synced, its name included. @throws StoreError */
  end(): Promise<StagedContent>;
  /** Idempotent; never throws; without effect on what was accepted. */
  discard(): Promise<void>;
}

export interface StagedContent {
  readonly pointer: ContentPointer;
  readonly sizeBytes: number;
  /** Lets go of it at once. Only for what is not accepted, once nobody reads it any more. */
  readonly release: () => void;
  /** Reads adopted content before it is accepted, for who must see all of it to decide. Inline content needs none. */
  readonly open?: () => AsyncIterable<Uint8Array>;
}

/** A page of the event log. */
export interface EventPage {
  readonly events: readonly QueueEvent[];
  /** The cursor was older than what is kept: events have been missed. */
  readonly gap: boolean;
}

/** The durable truth. */
export interface Store extends Startable {
  readonly durability: Durability;
  /** Opens a stage for one message's content; `sizeHintBytes` is what MAIL declared. */
  stage(sizeHintBytes?: number): ContentStage;
  /**
   * Takes responsibility for all messages of the call or for none; resolves when durable. Idempotent
   * by message id, so that after StoreError `in-doubt` the same call may be made again.
   */
  accept(messages: readonly NewMessage[]): Promise<readonly AcceptResult[]>;
  /**
   * Leases due recipients, in order of priority and due time, fairly between lanes; a lower priority
   * comes first every eighth time, so that nobody waits for ever. A lease counts as an attempt
   * granted; it is durable before this resolves. Where `now` is earlier than the latest time known
   * by a minute or more, the clock was put back: due times and rests come earlier by as much.
   */
  claim(request: ClaimRequest): Promise<readonly Claimed[]>;
  /** Leases what the selection names, due or not, held or not: for operators. */
  claimSelected(
    selection: Selection,
    request: Pick<ClaimRequest, 'owner' | 'now' | 'leaseUntil'> & Page,
  ): Promise<SelectedClaim>;
  /**
   * Marks attempts as begun, with the time of the next one should we die in this one. Durable when
   * it resolves; wait for that before dialling a host that is not ours. @returns those still leased
   */
  begin(
    attempts: readonly (LeasedKey & { readonly dueAt: number })[],
  ): Promise<readonly RecipientKey[]>;
  /** Extends leases for as long transfers last. @returns those still held */
  renew(leases: readonly LeasedKey[], until: number): Promise<readonly RecipientKey[]>;
  /**
   * Ends all leases of an owner that is known to be dead (on restart: our own). What never began is
   * due at once, what began is due at the time that `begin` set.
   */
  recover(owner: string, now: number): Promise<void>;
  /**
   * Writes the events of messages that need not be kept, because they were delivered before the
   * author got his 250. They are found by `trace` like all others; nothing else of them stays.
   */
  log(messages: readonly LoggedMessage[]): Promise<void>;
  /** Ends attempts; one result per unit. */
  conclude(units: readonly Conclusion[]): Promise<readonly ConclusionResult[]>;
  /** Lets a lane rest: none of it is claimed before `until`, nothing of it is rewritten. The last call wins; survives a restart. */
  deferLane(lane: LaneKey, until: number): Promise<void>;
  /** Keeps small facts by their key; survives a restart. Losing the last of them must cost nothing. */
  note(notes: readonly Note[]): Promise<void>;
  /** All that is noted: who notes bounds it. */
  notes(): Promise<ReadonlyMap<string, string>>;
  /**
   * The earliest time at which `claim` would find something, apart from excluded lanes and sites;
   * `undefined`: nothing is queued. A time in the past means now.
   */
  nextDueAt(
    excludeLanes: readonly LaneKey[],
    excludeSites?: readonly SiteKey[],
  ): Promise<number | undefined>;
  /** Reads an accepted message's content without its prefix, from the start, any number of times. */
  open(id: QueueId): AsyncIterable<Uint8Array>;
  /**
   * Reads the content of several messages at once, whole, where it is small enough for that. What is
   * left out is large, damaged or gone: `open` reads it or says which. How many, the caller bounds.
   */
  readSmall(ids: readonly QueueId[]): Promise<ReadonlyMap<QueueId, Uint8Array>>;
  message(id: QueueId): Promise<StoredMessage | undefined>;
  /** In the order of message id and index, which is about that of arrival. */
  list(selection: Selection, page: Page): Promise<readonly QueueEntry[]>;
  summary(now: number): Promise<readonly SummaryLine[]>;
  /** Applies at most `page.limit` interventions, in the order of `list`; go on while there is a `next`. */
  intervene(
    action: Intervention,
    selection: Selection,
    at: number,
    page: Page,
  ): Promise<Intervened>;
  /** Events behind the cursor in commit order; all kept ones without one. */
  events(after: EventCursor | undefined, limit: number): Promise<EventPage>;
  /** The place behind the last event: from here on, only what is to come. */
  lastEvent(): Promise<EventCursor>;
  /**
   * The events of one message, or of all messages with this Message-ID or address, oldest first.
   * Text is compared without case and without angle brackets; an address may be the author's, a
   * recipient's or an original recipient's.
   */
  trace(
    subject: { readonly message: QueueId } | { readonly text: string },
    limit: number,
  ): Promise<readonly QueueEvent[]>;
  /** Forgets events older than this. @returns how many; call again while it answers `limit` */
  forgetEvents(before: number, limit: number): Promise<number>;
  /** Sums of what this store holds; approximate where several owners share one. */
  usage(): StoreUsage;
  /** Calls back when something may have become due, or events were written. @returns the way to stop it */
  onChange(listener: (what: 'due' | 'events') => void): () => void;
}

/** A fault of the store. Never shown to peers: it becomes 452 4.3.1 or 451 4.3.0. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** `in-doubt`: the commit may or may not have happened; ask again with the same ids. */
  readonly kind:
    | 'full'
    | 'in-use'
    | 'in-doubt'
    | 'newer-version'
    | 'damaged'
    | 'stopped'
    | 'unavailable';
  /** The system's name for it (`EACCES`, `ENOSPC`), where the system said no. */
  readonly code: string | undefined;

  constructor(
    kind: StoreError['kind'],
    message: string,
    options: ErrorOptions & { readonly code?: string | undefined } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.code = options.code;
  }
}
