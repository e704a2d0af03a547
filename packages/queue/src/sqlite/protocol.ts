/**
 * What the store's threads say to each other. Types only.
 *
 * The commit thread owns the database and does all that changes it; the read thread has a
 * connection of its own. Rows are made and read on the event loop's side: what is JSON to
 * the database stays text in both threads. Times are milliseconds since the epoch.
 */
import type { Intervention, Selection, StoreError, StoreUsage } from '../store.ts';

/** What a thread is started with. */
export interface ThreadSettings {
  readonly directory: string;
  /** Whether a commit waits for the disk. */
  readonly synced: boolean;
  /** The database's file; to the commit thread it is nothing, as that finds it. */
  readonly path: string;
}

/** What a thread says when it is open; the commit thread says all of it. */
export interface Opened {
  readonly path?: string;
  readonly usage?: StoreUsage;
  readonly salvaged?: SalvageReport;
}

/** What a salvage has saved and what not. */
export interface SalvageReport {
  /** Where the damaged database is kept. */
  readonly keptAt: string;
  readonly messages: number;
  /** The ids of messages that are known to be lost. */
  readonly lost: readonly string[];
}

/** A fault on its way to the event loop. */
export interface Fault {
  readonly kind: StoreError['kind'];
  readonly text: string;
  /** The system's name for it, where the system said no. */
  readonly code?: string;
}

export interface EventRow {
  readonly message: string;
  readonly at: number;
  /** The rest of the event, JSON. */
  readonly body: string;
}

export interface LeaseRow {
  readonly owner: string;
  readonly until: number;
  readonly begun: 0 | 1;
}

export interface RecipientRow {
  readonly index: number;
  readonly lane: string;
  readonly site: string;
  readonly dueAt: number;
  readonly held: 0 | 1;
  readonly attempts: number;
  /** The token of the last lease that was granted. */
  readonly token: number;
  readonly lease: LeaseRow | null;
  /** As selections compare it. */
  readonly address: string;
  readonly domain: string;
  /** What never changes, JSON. */
  readonly path: string;
  /** How the last attempt ended, JSON. */
  readonly last: string;
}

export interface MessageRow {
  readonly id: string;
  /** The lower goes first. */
  readonly rank: number;
  readonly acceptedAt: number;
  readonly sizeBytes: number;
  readonly digest: string;
  /** As selections compare it. */
  readonly reversePath: string;
  /** What is left of the record, JSON. */
  readonly head: string;
  readonly prefix: Uint8Array;
}

/** What is told of a message in the event log. */
export interface LoggedMessageRow {
  readonly id: string;
  readonly events: readonly EventRow[];
  /** What the message can be found by; the commit thread hashes it. */
  readonly keys: readonly string[];
}

export interface NewMessageRow extends Omit<MessageRow, 'digest'>, LoggedMessageRow {
  /** Null where the content is here: the commit thread hashes it. */
  readonly digest: string | null;
  /** The name of the adopted file; null where the content is here. */
  readonly file: string | null;
  readonly content: Uint8Array | null;
  readonly recipients: readonly RecipientRow[];
}

export interface KeyRow {
  readonly message: string;
  readonly index: number;
}

export type LeasedRow = KeyRow & { readonly token: number };

export interface ClaimedRow {
  readonly message: MessageRow;
  readonly recipients: readonly RecipientRow[];
}

export type ChangeRow = LeasedRow &
  (
    | { readonly kind: 'done' }
    | {
        readonly kind: 'again';
        readonly dueAt: number;
        readonly lane: string;
        readonly site: string;
        readonly last: string;
        readonly counts: boolean;
      }
  );

export interface UnitRow {
  readonly changes: readonly ChangeRow[];
  readonly events: readonly EventRow[];
  readonly messages: readonly NewMessageRow[];
}

export interface ClaimCall {
  readonly owner: string;
  readonly now: number;
  readonly leaseUntil: number;
  readonly limit: number;
  readonly perLaneLimit: number;
  readonly excludeLanes: readonly string[];
  readonly excludeSites: readonly string[];
  readonly onlyLanes?: readonly string[];
}

/** A null value forgets the key. */
export type NoteRow = readonly [key: string, value: string | null];

/** What the commit thread does, and what it answers. All of it is durable when it does. */
export interface CommitVerbs {
  accept(messages: readonly NewMessageRow[]): readonly ('taken' | 'present')[];
  claim(call: ClaimCall): readonly ClaimedRow[];
  lease(call: {
    readonly keys: readonly KeyRow[];
    readonly owner: string;
    readonly now: number;
    readonly leaseUntil: number;
  }): { readonly claimed: readonly ClaimedRow[]; readonly busy: number };
  begin(attempts: readonly (LeasedRow & { readonly dueAt: number })[]): readonly KeyRow[];
  renew(call: { readonly leases: readonly LeasedRow[]; readonly until: number }): readonly KeyRow[];
  /** Ends at most `limit` leases; answers how many. */
  recover(call: { readonly owner: string; readonly now: number; readonly limit: number }): number;
  log(messages: readonly LoggedMessageRow[]): null;
  conclude(units: readonly UnitRow[]): readonly ('done' | 'stale')[];
  rest(call: { readonly lane: string; readonly until: number }): null;
  note(notes: readonly NoteRow[]): null;
  intervene(call: {
    readonly action: Intervention;
    readonly at: number;
    readonly targets: readonly (KeyRow & { readonly event: EventRow })[];
  }): number;
  /** Forgets the events up to a cursor that are older than `before`; answers how many. */
  forget(call: { readonly upTo: number; readonly before: number }): number;
  forgetKeys(bucket: number): null;
  /**
   * Puts a message aside: held where its content cannot be read, out of the queue where its record
   * cannot. Answers whether it was there.
   */
  putAside(call: {
    readonly id: string;
    readonly what: 'content' | 'record';
    readonly reason: string;
    readonly last: string;
    readonly event: EventRow;
  }): boolean;
  /** Saves what is readable into a new database, and goes on with that one. */
  salvage(call: null): Opened;
}

/** What the walk over recipients finds. */
export interface FoundRow {
  readonly message: Omit<MessageRow, 'prefix'>;
  readonly recipient: RecipientRow;
}

export interface Stretch<Row> {
  readonly rows: readonly Row[];
  /** The last recipient that was looked at; absent at the end. */
  readonly end?: KeyRow;
}

export interface SummaryRow {
  readonly domain: string;
  readonly recipients: number;
  readonly held: number;
  readonly oldestAcceptedAt: number;
  /** How many are younger than each bound of age. */
  readonly younger: readonly number[];
  /** Null where all are held. */
  readonly nextDueAt: number | null;
  readonly restUntil: number | null;
  /** The time of the oldest that was tried, in 16 digits, and how that ended, JSON. */
  readonly oldestLast: string | null;
}

export interface LoggedRow extends EventRow {
  readonly cursor: number;
}

/** Where content is: here, and found whole or not, or in a file. */
export type ContentRow =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array; readonly whole: boolean }
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly sizeBytes: number;
      readonly digest: string;
    };

/** What the read thread does. Each is bounded, so that none keeps the next one waiting for long. */
export interface ReadVerbs {
  message(id: string): MessageRow | null;
  content(id: string): ContentRow | null;
  /** Content that is here and whole; of other messages nothing. */
  contents(ids: readonly string[]): readonly { readonly id: string; readonly bytes: Uint8Array }[];
  /** Looks at no more than `scan` recipients, and finds no more than `limit`. */
  walk(call: {
    readonly selection: Selection;
    readonly after: KeyRow | null;
    readonly scan: number;
    readonly limit: number;
  }): Stretch<FoundRow>;
  summarize(call: {
    readonly after: KeyRow | null;
    readonly scan: number;
    readonly now: number;
  }): Stretch<SummaryRow>;
  nextDueAt(call: {
    readonly excludeLanes: readonly string[];
    readonly excludeSites: readonly string[];
  }): number | null;
  events(call: { readonly after: number | null; readonly limit: number }): {
    readonly events: readonly LoggedRow[];
    readonly gap: boolean;
  };
  lastEvent(call: null): number;
  traceMessage(call: { readonly message: string; readonly limit: number }): readonly LoggedRow[];
  traceKey(call: { readonly key: number; readonly limit: number }): readonly LoggedRow[];
  /** The cursor up to which `limit` events are older than `before`; null where there are none. */
  oldEvents(call: { readonly before: number; readonly limit: number }): number | null;
  /** The oldest bucket of search keys, where it is full and no event is left of its messages. */
  emptyBucket(call: null): number | null;
  notes(call: null): readonly (readonly [key: string, value: string])[];
  /** Those of the names that a message refers to. */
  knownFiles(names: readonly string[]): readonly string[];
}

/** What came of a commit beside the answers. */
export interface Aftermath {
  readonly usage: StoreUsage;
  /** Adopted files that nothing refers to any more. */
  readonly orphans: readonly string[];
  readonly due: boolean;
  readonly events: boolean;
}
