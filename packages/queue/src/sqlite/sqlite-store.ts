/**
 * The Store on a disk: SQLite in a thread of its own, large content in files beside it.
 *
 * The directory holds `queue-N.sqlite`, `lock`, `content/` and `staging/`, and `damaged/` once
 * something was put aside. All that is called while one commit runs is the next commit; the
 * event loop never waits for the disk. Reads have their own thread and connection.
 *
 * A failed commit rejects everything in it and leaves nothing of it; later ones may succeed.
 * Damage is put aside, logged, reported to `onDamage`, and the rest goes on.
 */
import type { EventCursor } from '../event.ts';
import type { LaneKey, QueueId, RecipientKey, SiteKey, StoredMessage } from '../record.ts';
import { searchKey } from '../rules/search-keys.ts';
import { intervened } from '../rules/transitions.ts';
import { StoreError } from '../store.ts';
import type {
  AcceptResult,
  Claimed,
  ClaimRequest,
  Conclusion,
  ConclusionResult,
  ContentStage,
  Durability,
  EventPage,
  Intervened,
  Intervention,
  LeasedKey,
  LoggedMessage,
  NewMessage,
  Note,
  Page,
  QueueEntry,
  SelectedClaim,
  Selection,
  Store,
  StoreUsage,
  SummaryLine,
} from '../store.ts';
import { FileOrMemoryStage } from './content-stage.ts';
import {
  claimedOf,
  cursorNumber,
  cursorOf,
  DamagedRow,
  eventOf,
  idOf,
  messageOf,
} from './decoding.ts';
import {
  claimCall,
  eventRow,
  leasedRow,
  loggedMessageRow,
  newMessageRow,
  unitRow,
} from './encoding.ts';
import { Engine } from './engine.ts';
import type { Change, EngineDeps } from './engine.ts';
import type { ClaimedRow, NewMessageRow } from './protocol.ts';
import { searchHash } from './search-hash.ts';
import { DamagedContent } from './store-error.ts';
import { findPage, keyOf, summarize } from './walk.ts';
import type { FoundPage } from './walk.ts';

export interface SqliteStoreOptions {
  /** Where the queue is; made where it is missing, with all above it. One store has it at a time. */
  readonly directory: string;
  /** @default 'disk' */
  readonly durability?: Durability;
  /** Content up to this size is kept in the database, larger content in a file. @default 131072 */
  readonly maxInlineBytes?: number;
}

/** What the store works with. */
export type SqliteStoreDeps = EngineDeps;

/** By measurement: beyond it a file is not slower, and the database stays small. */
const MAX_INLINE_BYTES = 131_072;
/** Leases that are ended in one transaction. */
const RECOVER_BATCH = 2000;
/** Buckets of search keys that one round of forgetting takes away at most. */
const MAX_BUCKETS = 50;

/**
 * Makes a store; nothing is opened before `start`.
 *
 * @example
 * const store = createSqliteStore({ directory: 'var/queue' }, { logger });
 * await store.start();
 */
export function createSqliteStore(options: SqliteStoreOptions, deps: SqliteStoreDeps): Store {
  return new SqliteStore(options, deps);
}

class SqliteStore implements Store {
  readonly durability: Durability;
  readonly #maxInlineBytes: number;
  readonly #engine: Engine;

  constructor(options: SqliteStoreOptions, deps: SqliteStoreDeps) {
    const { directory, durability = 'disk' } = options;
    this.durability = durability;
    this.#maxInlineBytes = options.maxInlineBytes ?? MAX_INLINE_BYTES;
    this.#engine = new Engine({ directory, synced: durability === 'disk' }, deps);
  }

  start(): Promise<void> {
    return this.#engine.start();
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }

  stage(sizeHintBytes?: number): ContentStage {
    const limits = { maxInlineBytes: this.#maxInlineBytes, sizeHintBytes };
    return new FileOrMemoryStage(this.#engine.files, this.#engine.staged, limits);
  }

  accept(messages: readonly NewMessage[]): Promise<readonly AcceptResult[]> {
    const { staged, threads } = this.#engine;
    return this.#engine.run(() =>
      staged.handOver(messages, () => {
        const rows = messages.map(newMessageRow);
        return threads.commit('accept', rows, { bytes: bytesOf(rows) });
      }),
    );
  }

  claim(request: ClaimRequest): Promise<readonly Claimed[]> {
    const { threads } = this.#engine;
    return this.#engine.run(async () =>
      this.#claimed(await threads.commit('claim', claimCall(request))),
    );
  }

  claimSelected(
    selection: Selection,
    request: Pick<ClaimRequest, 'owner' | 'now' | 'leaseUntil'> & Page,
  ): Promise<SelectedClaim> {
    return this.#engine.run(async () => {
      const { owner, now, leaseUntil } = request;
      const { entries, next } = await this.#find(selection, request);
      const keys = entries.map(({ recipient }) => keyOf(recipient));
      const call = { keys, owner, now, leaseUntil };
      const { claimed, busy } = await this.#engine.threads.commit('lease', call);
      return { claimed: await this.#claimed(claimed), busy, ...next };
    });
  }

  begin(
    attempts: readonly (LeasedKey & { readonly dueAt: number })[],
  ): Promise<readonly RecipientKey[]> {
    const { threads } = this.#engine;
    return this.#engine.run(async () => {
      const rows = attempts.map((attempt) => ({ ...leasedRow(attempt), dueAt: attempt.dueAt }));
      return (await threads.commit('begin', rows)).map(keyOf);
    });
  }

  renew(leases: readonly LeasedKey[], until: number): Promise<readonly RecipientKey[]> {
    const { threads } = this.#engine;
    return this.#engine.run(async () => {
      const call = { leases: leases.map(leasedRow), until };
      return (await threads.commit('renew', call)).map(keyOf);
    });
  }

  recover(owner: string, now: number): Promise<void> {
    const { threads } = this.#engine;
    return this.#engine.runAtStart(async () => {
      let count = RECOVER_BATCH;
      while (count === RECOVER_BATCH) {
        count = await threads.commit('recover', { owner, now, limit: RECOVER_BATCH });
      }
    });
  }

  log(messages: readonly LoggedMessage[]): Promise<void> {
    const { threads } = this.#engine;
    return this.#engine.run(async () => {
      await threads.commit('log', messages.map(loggedMessageRow), { patient: true });
    });
  }

  conclude(units: readonly Conclusion[]): Promise<readonly ConclusionResult[]> {
    const { staged, threads } = this.#engine;
    return this.#engine.run(() => {
      const messages = units.flatMap((unit) => unit.messages);
      return staged.handOver(messages, () => {
        const rows = units.map(unitRow);
        const bytes = bytesOf(rows.flatMap((unit) => unit.messages));
        return threads.commit('conclude', rows, { bytes, patient: true });
      });
    });
  }

  deferLane(lane: LaneKey, until: number): Promise<void> {
    return this.#engine.run(async () => {
      await this.#engine.threads.commit('rest', { lane, until });
    });
  }

  note(notes: readonly Note[]): Promise<void> {
    return this.#engine.run(async () => {
      await this.#engine.threads.commit('note', notes, { patient: true });
    });
  }

  notes(): Promise<ReadonlyMap<string, string>> {
    const { threads } = this.#engine;
    return this.#engine.runAtStart(async () => new Map(await threads.read('notes', null)));
  }

  nextDueAt(
    excludeLanes: readonly LaneKey[],
    excludeSites: readonly SiteKey[] = [],
  ): Promise<number | undefined> {
    return this.#engine.run(async () => {
      const call = { excludeLanes, excludeSites };
      return (await this.#engine.threads.read('nextDueAt', call)) ?? undefined;
    });
  }

  async *open(id: QueueId): AsyncIterable<Uint8Array> {
    const { files, threads } = this.#engine;
    const content = await this.#engine.run(() => threads.read('content', id));
    if (content === null) throw new StoreError('unavailable', `there is no message ${id}`);
    if (content.kind === 'inline') {
      if (!content.whole) {
        throw await this.#engine.putAside({ id, what: 'content', reason: 'it has changed' });
      }
      yield content.bytes;
      return;
    }
    try {
      yield* files.read(content);
    } catch (error) {
      if (!(error instanceof DamagedContent)) throw error;
      const damaged = { id, what: 'content', reason: error.message, file: content.name } as const;
      throw await this.#engine.putAside(damaged);
    }
  }

  readSmall(ids: readonly QueueId[]): Promise<ReadonlyMap<QueueId, Uint8Array>> {
    return this.#engine.run(async () => {
      const found = await this.#engine.threads.read('contents', ids);
      return new Map(found.map(({ id, bytes }) => [idOf(id), bytes]));
    });
  }

  message(id: QueueId): Promise<StoredMessage | undefined> {
    return this.#engine.run(async () => {
      const row = await this.#engine.threads.read('message', id);
      if (row === null) return undefined;
      try {
        return messageOf(row);
      } catch (error) {
        if (!(error instanceof DamagedRow)) throw error;
        throw await this.#putRecordAside(error);
      }
    });
  }

  list(selection: Selection, page: Page): Promise<readonly QueueEntry[]> {
    return this.#engine.run(async () => (await this.#find(selection, page)).entries);
  }

  summary(now: number): Promise<readonly SummaryLine[]> {
    return this.#engine.run(() => summarize(this.#engine.threads, now));
  }

  intervene(
    action: Intervention,
    selection: Selection,
    at: number,
    page: Page,
  ): Promise<Intervened> {
    return this.#engine.run(async () => {
      const { entries, next } = await this.#find(selection, page);
      const targets = entries.flatMap(({ recipient }) => {
        const change = intervened(action, recipient, at);
        return change === undefined ? [] : [{ ...keyOf(recipient), event: eventRow(change.event) }];
      });
      if (targets.length === 0) return { changed: 0, ...next };
      const call = { action, at, targets };
      return { changed: await this.#engine.threads.commit('intervene', call), ...next };
    });
  }

  events(after: EventCursor | undefined, limit: number): Promise<EventPage> {
    return this.#engine.run(async () => {
      const call = { after: after === undefined ? null : cursorNumber(after), limit };
      const { events, gap } = await this.#engine.threads.read('events', call);
      return { events: events.map(eventOf), gap };
    });
  }

  lastEvent(): Promise<EventCursor> {
    const { threads } = this.#engine;
    return this.#engine.run(async () => cursorOf(await threads.read('lastEvent', null)));
  }

  trace(
    subject: { readonly message: QueueId } | { readonly text: string },
    limit: number,
  ): ReturnType<Store['trace']> {
    const { threads } = this.#engine;
    return this.#engine.run(async () => {
      if ('message' in subject) {
        const call = { message: subject.message, limit };
        return (await threads.read('traceMessage', call)).map(eventOf);
      }
      const call = { key: searchHash(searchKey(subject.text)), limit };
      return (await threads.read('traceKey', call)).map(eventOf);
    });
  }

  forgetEvents(before: number, limit: number): Promise<number> {
    const { threads } = this.#engine;
    return this.#engine.run(async () => {
      const upTo = await threads.read('oldEvents', { before, limit });
      const count = upTo === null ? 0 : await threads.commit('forget', { upTo, before });
      if (count < limit) await this.#forgetKeys();
      return count;
    });
  }

  usage(): StoreUsage {
    return this.#engine.usage;
  }

  onChange(listener: (what: Change) => void): () => void {
    const own = (what: Change): void => listener(what); // the same function may listen twice
    this.#engine.listeners.add(own);
    return () => this.#engine.listeners.delete(own);
  }

  /** Search keys that lead to nothing any more. */
  async #forgetKeys(): Promise<void> {
    const { threads } = this.#engine;
    for (let count = 0; count < MAX_BUCKETS; count += 1) {
      const bucket = await threads.read('emptyBucket', null);
      if (bucket === null) return;
      await threads.commit('forgetKeys', bucket);
    }
  }

  #find(selection: Selection, page: Page): Promise<FoundPage> {
    return findPage(this.#engine.threads, selection, page, async (row) => {
      await this.#putRecordAside(row);
    });
  }

  async #claimed(rows: readonly ClaimedRow[]): Promise<readonly Claimed[]> {
    const claimed: Claimed[] = [];
    for (const row of rows) {
      try {
        claimed.push(claimedOf(row));
      } catch (error) {
        if (!(error instanceof DamagedRow)) throw error;
        await this.#putRecordAside(error);
      }
    }
    return claimed;
  }

  #putRecordAside({ id, message }: DamagedRow): Promise<StoreError> {
    return this.#engine.putAside({ id, what: 'record', reason: message });
  }
}

/** What goes over to the thread without being copied again. */
function bytesOf(rows: readonly NewMessageRow[]): readonly Uint8Array[] {
  return rows.flatMap(({ content }) => (content === null ? [] : [content]));
}
