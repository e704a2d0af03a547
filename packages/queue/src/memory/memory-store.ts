/**
 * A Store in memory: for throw-away stacks and for tests of everything above it.
 *
 * It keeps every promise of the interface but durability: what it holds outlives `stop`
 * and is there again after `start`, so that a restart can be played, and is gone with the
 * process. Each verb takes effect in one step, so no unit is ever half done.
 */
import { hash } from 'node:crypto';
import type { EventCursor } from '../event.ts';
import type {
  LaneKey,
  MessageRecord,
  QueueId,
  RecipientKey,
  SiteKey,
  StoredMessage,
} from '../record.ts';
import { searchKeysOf } from '../rules/search-keys.ts';
import { isSelected } from '../rules/selection.ts';
import { afterAttempt, afterDeath, intervened, isLeased, withLease } from '../rules/transitions.ts';
import { StoreError } from '../store.ts';
import type {
  AcceptResult,
  Claimed,
  ClaimRequest,
  Conclusion,
  ConclusionResult,
  ContentStage,
  EventPage,
  Intervened,
  Intervention,
  LeasedKey,
  LoggedMessage,
  NewMessage,
  Note,
  Page,
  QueueEntry,
  RecipientChange,
  SelectedClaim,
  Selection,
  Store,
  StoreUsage,
  SummaryLine,
} from '../store.ts';
import { chooseDue, earliestDue } from './choose.ts';
import { createMemoryStage } from './content-stage.ts';
import { EventLog } from './event-log.ts';
import { Shelves } from './shelves.ts';
import type { ShelvedRecipient } from './shelves.ts';
import { summarize } from './summary.ts';

/** @example const store = createMemoryStore(); await store.start(); */
export function createMemoryStore(): Store {
  return new MemoryStore();
}

/** A clock that was put back by less makes nobody wait for long. */
const MIN_STEP_MS = 60_000;

type Listener = (what: 'due' | 'events') => void;

class MemoryStore implements Store {
  readonly durability = 'memory';
  readonly #shelves = new Shelves();
  readonly #log = new EventLog();
  readonly #listeners = new Set<Listener>();
  readonly #notes = new Map<string, string>();
  #running = false;
  #claims = 0;
  /** The latest time that a claim has named. */
  #latestAt = 0;

  async start(): Promise<void> {
    this.#running = true;
  }

  async stop(): Promise<void> {
    this.#running = false;
  }

  stage(): ContentStage {
    return createMemoryStage();
  }

  async accept(messages: readonly NewMessage[]): Promise<readonly AcceptResult[]> {
    this.#assertRunning();
    for (const { message } of messages) bytesOf(message);
    return messages.map((message) => this.#take(message));
  }

  async claim(request: ClaimRequest): Promise<readonly Claimed[]> {
    this.#assertRunning();
    this.#guardClock(request.now);
    this.#shelves.forgetRested(request.now);
    const chosen = chooseDue(this.#shelves, request, this.#claims);
    if (chosen.length > 0) this.#claims += 1;
    for (const entry of chosen) {
      this.#shelves.lane(entry.record.lane).servedBy = this.#claims;
      this.#lease(entry, request);
    }
    return this.#claimed(chosen);
  }

  async claimSelected(
    selection: Selection,
    request: Pick<ClaimRequest, 'owner' | 'now' | 'leaseUntil'> & Page,
  ): Promise<SelectedClaim> {
    this.#assertRunning();
    const { entries, next } = this.#page(selection, request);
    const free = entries.filter(({ record }) => !isLeased(record, request.now));
    for (const entry of free) this.#lease(entry, request);
    return { claimed: this.#claimed(free), busy: entries.length - free.length, ...next };
  }

  async begin(
    attempts: readonly (LeasedKey & { readonly dueAt: number })[],
  ): Promise<readonly RecipientKey[]> {
    this.#assertRunning();
    return attempts.flatMap((attempt) => {
      const entry = this.#held(attempt);
      if (entry?.record.lease === undefined) return [];
      const lease = { ...entry.record.lease, begun: true };
      this.#shelves.change(entry, { ...entry.record, lease, dueAt: attempt.dueAt });
      return [keyOf(attempt)];
    });
  }

  async renew(leases: readonly LeasedKey[], until: number): Promise<readonly RecipientKey[]> {
    this.#assertRunning();
    return leases.flatMap((key) => {
      const entry = this.#held(key);
      if (entry?.record.lease === undefined) return [];
      const lease = { ...entry.record.lease, until };
      this.#shelves.change(entry, { ...entry.record, lease });
      return [keyOf(key)];
    });
  }

  async recover(owner: string, now: number): Promise<void> {
    this.#assertRunning();
    for (const [, entry] of this.#shelves.walk()) {
      if (entry.record.lease?.owner !== owner) continue;
      this.#shelves.change(entry, afterDeath(entry.record, now));
    }
    this.#tell('due');
  }

  async log(messages: readonly LoggedMessage[]): Promise<void> {
    this.#assertRunning();
    for (const logged of messages) this.#logEvents(logged);
  }

  async conclude(units: readonly Conclusion[]): Promise<readonly ConclusionResult[]> {
    this.#assertRunning();
    for (const unit of units) for (const { message } of unit.messages) bytesOf(message);
    return units.map((unit) => this.#conclude(unit));
  }

  async deferLane(lane: LaneKey, until: number): Promise<void> {
    this.#assertRunning();
    this.#shelves.lane(lane).restUntil = until;
    this.#tell('due');
  }

  async note(notes: readonly Note[]): Promise<void> {
    this.#assertRunning();
    for (const [key, value] of notes) {
      if (value === null) this.#notes.delete(key);
      else this.#notes.set(key, value);
    }
  }

  async notes(): Promise<ReadonlyMap<string, string>> {
    this.#assertRunning();
    return new Map(this.#notes);
  }

  async nextDueAt(
    excludeLanes: readonly LaneKey[],
    excludeSites: readonly SiteKey[] = [],
  ): Promise<number | undefined> {
    this.#assertRunning();
    return earliestDue(this.#shelves, new Set(excludeLanes), new Set(excludeSites));
  }

  async *open(id: QueueId): AsyncIterable<Uint8Array> {
    this.#assertRunning();
    const message = this.#shelves.messages.get(id);
    if (message === undefined) throw new StoreError('unavailable', `no message ${id}`);
    yield message.bytes;
  }

  async readSmall(ids: readonly QueueId[]): Promise<ReadonlyMap<QueueId, Uint8Array>> {
    this.#assertRunning();
    const found = new Map<QueueId, Uint8Array>();
    for (const id of ids) {
      const message = this.#shelves.messages.get(id);
      if (message !== undefined) found.set(id, message.bytes);
    }
    return found;
  }

  async message(id: QueueId): Promise<StoredMessage | undefined> {
    this.#assertRunning();
    return this.#shelves.messages.get(id)?.record;
  }

  async list(selection: Selection, page: Page): Promise<readonly QueueEntry[]> {
    this.#assertRunning();
    return this.#page(selection, page).entries.flatMap((entry) => {
      const message = this.#shelves.messages.get(entry.record.message);
      if (message === undefined) return [];
      const { content: _content, prefix: _prefix, ...summary } = message.record;
      return [{ message: summary, recipient: entry.record }];
    });
  }

  async summary(now: number): Promise<readonly SummaryLine[]> {
    this.#assertRunning();
    return summarize(this.#shelves, now);
  }

  async intervene(
    action: Intervention,
    selection: Selection,
    at: number,
    page: Page,
  ): Promise<Intervened> {
    this.#assertRunning();
    const { entries, next } = this.#page(selection, page);
    let changed = 0;
    for (const entry of entries) {
      const result = intervened(action, entry.record, at);
      if (result === undefined) continue;
      this.#shelves.change(entry, result.recipient);
      if (action === 'retry') this.#shelves.lane(entry.record.lane).restUntil = 0;
      this.#log.append([result.event]);
      changed += 1;
    }
    if (changed > 0) this.#tell('events', 'due');
    return { changed, ...next };
  }

  async events(after: EventCursor | undefined, limit: number): Promise<EventPage> {
    this.#assertRunning();
    return this.#log.read(after, limit);
  }

  async lastEvent(): Promise<EventCursor> {
    this.#assertRunning();
    return this.#log.end;
  }

  async trace(
    subject: { readonly message: QueueId } | { readonly text: string },
    limit: number,
  ): ReturnType<Store['trace']> {
    this.#assertRunning();
    return this.#log.trace(subject, limit);
  }

  async forgetEvents(before: number, limit: number): Promise<number> {
    this.#assertRunning();
    return this.#log.forget(before, limit);
  }

  usage(): StoreUsage {
    const { messages, recipients, contentBytes } = this.#shelves;
    return { messages: messages.size, recipients, contentBytes };
  }

  onChange(listener: Listener): () => void {
    const own: Listener = (what) => listener(what); // the same function may listen twice
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  #take(incoming: NewMessage): AcceptResult {
    const { message, recipients } = incoming;
    if (this.#shelves.messages.has(message.id)) return 'present';
    const bytes = bytesOf(message);
    const kept = { ...message, content: { kind: 'kept' }, digest: hash('sha256', bytes) } as const;
    this.#shelves.put(kept, bytes, recipients);
    this.#logEvents(incoming);
    if (recipients.some((recipient) => recipient.lease === undefined)) this.#tell('due');
    return 'taken';
  }

  #logEvents(logged: LoggedMessage): void {
    this.#log.append(logged.events);
    this.#log.index(logged.message.id, searchKeysOf(logged));
    if (logged.events.length > 0) this.#tell('events');
  }

  #conclude(unit: Conclusion): ConclusionResult {
    const entries = unit.changes.map((change) => this.#held(change));
    if (entries.includes(undefined)) return 'stale';
    for (const change of unit.changes) this.#apply(change);
    this.#log.append(unit.events);
    for (const message of unit.messages) this.#take(message);
    if (unit.events.length > 0) this.#tell('events');
    if (unit.changes.some((change) => change.kind === 'again')) this.#tell('due');
    return 'done';
  }

  #apply(change: RecipientChange): void {
    const entry = this.#held(change);
    if (entry === undefined) return;
    if (change.kind === 'done') this.#shelves.remove(entry);
    else this.#shelves.change(entry, afterAttempt(entry.record, change));
  }

  /** The recipient, where this very lease is still its last one. */
  #held(key: LeasedKey): ShelvedRecipient | undefined {
    const entry = this.#shelves.find(key);
    return entry?.record.lease?.token === key.token ? entry : undefined;
  }

  #lease(
    entry: ShelvedRecipient,
    { owner, leaseUntil: until }: Pick<ClaimRequest, 'owner' | 'leaseUntil'>,
  ): void {
    entry.token += 1;
    this.#shelves.change(entry, withLease(entry.record, { owner, token: entry.token, until }));
  }

  #claimed(entries: readonly ShelvedRecipient[]): readonly Claimed[] {
    const byMessage = Map.groupBy(entries, (entry) => entry.record.message);
    return [...byMessage].flatMap(([id, group]) => {
      const message = this.#shelves.messages.get(id)?.record;
      return message === undefined
        ? []
        : [{ message, recipients: group.map((entry) => entry.record) }];
    });
  }

  #page(
    selection: Selection,
    page: Page,
  ): { readonly entries: readonly ShelvedRecipient[]; readonly next: { next?: RecipientKey } } {
    const entries: ShelvedRecipient[] = [];
    for (const [message, entry] of this.#shelves.walk(page.after)) {
      if (!isSelected(selection, message.record, entry.record)) continue;
      const last = entries.at(-1);
      if (last !== undefined && entries.length >= page.limit) {
        return { entries, next: { next: keyOf(last.record) } };
      }
      entries.push(entry);
    }
    return { entries, next: {} };
  }

  /** A clock that was put back would keep waiting what was put off by the old one. */
  #guardClock(now: number): void {
    const step = this.#latestAt - now;
    if (step < MIN_STEP_MS) {
      this.#latestAt = Math.max(this.#latestAt, now);
      return;
    }
    this.#latestAt = now;
    for (const lane of this.#shelves.lanes.values()) {
      if (lane.restUntil > now) lane.restUntil -= step;
    }
    for (const [, entry] of this.#shelves.walk()) {
      const { dueAt } = entry.record;
      if (dueAt <= now) continue;
      this.#shelves.change(entry, { ...entry.record, dueAt: Math.max(now, dueAt - step) });
    }
  }

  #tell(...changes: readonly ('due' | 'events')[]): void {
    for (const what of changes) for (const listener of this.#listeners) listener(what);
  }

  #assertRunning(): void {
    if (!this.#running) throw new StoreError('stopped', 'the store is not running');
  }
}

function keyOf(key: RecipientKey): RecipientKey {
  return { message: key.message, index: key.index };
}

function bytesOf({ id, content }: MessageRecord): Uint8Array {
  if (content.kind === 'inline') return content.bytes;
  throw new StoreError('unavailable', `the content of ${id} was not staged here`);
}
