/**
 * The contract as a property: whatever the order of verbs, restarts included, the store
 * answers what the model does. Where the choice is the store's (which lane's turn it is),
 * the property says what every good choice has in common.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RecipientRecord } from '../record.ts';
import { ranksInOrder } from '../rules/precedence.ts';
import { compareKeys } from '../rules/selection.ts';
import { afterAttempt, afterDeath, intervened, withLease } from '../rules/transitions.ts';
import type { LeasedKey, RecipientChange, Store } from '../store.ts';
import { steps } from './model-steps.ts';
import type { Accept, Claim, Conclude, Other, Step } from './model-steps.ts';
import { claimRequest, done, MINUTE, NOW, recipientsOf, sampleMessage } from './sample-messages.ts';
import { StoreModel } from './store-model.ts';
import type { ModelRecipient } from './store-model.ts';
import type { StoreUnderTest, Using } from './store-under-test.ts';

const ALL = 10_000;

export function describeModel(using: Using): void {
  it('answers like the model, whatever the order of verbs', () =>
    using(async (under) => {
      const table = new Table(under);
      await fc.assert(
        fc.asyncProperty(steps, async (chosen) => {
          const play = new Play(table, await table.clear());
          for (const step of chosen) {
            await play.step(step);
            await play.compare();
          }
        }),
        { numRuns: 100 },
      );
    }));
}

/** One store for all plays: a store on a disk takes its time to open. */
class Table {
  store: Store;
  /** Claims that have granted anything. */
  claims = 0;
  readonly #under: StoreUnderTest;
  #now = NOW;

  constructor(under: StoreUnderTest) {
    this.#under = under;
    this.store = under.store;
  }

  async reopen(): Promise<void> {
    this.store = await this.#under.reopen();
  }

  /** Takes out what the last play has left. Answers when the next one begins. */
  async clear(): Promise<number> {
    this.#now += 60 * MINUTE; // later than any lease or rest of the last play
    const { claimed } = await this.store.claimSelected(
      {},
      { owner: 'nobody', now: this.#now, leaseUntil: this.#now + 1, limit: ALL },
    );
    const changes = recipientsOf(claimed).map(done);
    await this.store.conclude([{ changes, events: [], messages: [] }]);
    return this.#now;
  }
}

/** A store and the model, side by side. */
class Play {
  readonly #table: Table;
  readonly #model: StoreModel;
  /** Every lease that was ever granted, the lost ones too. */
  readonly #leases: LeasedKey[] = [];

  constructor(table: Table, now: number) {
    this.#table = table;
    this.#model = new StoreModel(now);
  }

  get #store(): Store {
    return this.#table.store;
  }

  step(step: Step): Promise<void> {
    if (step.verb === 'accept') return this.#accept(step);
    if (step.verb === 'claim') return this.#claim(step);
    if (step.verb === 'conclude') return this.#conclude(step);
    return this.#other(step);
  }

  async compare(): Promise<void> {
    const model = this.#model;
    const records = model.recipients.map(({ record }) => record).toSorted(compareKeys);
    const entries = await this.#store.list({}, { limit: ALL });
    expect(entries.map((entry) => entry.recipient)).toEqual(records);
    const messages = new Set(records.map((record) => record.message)).size;
    expect(this.#store.usage()).toMatchObject({ messages, recipients: records.length });
    const next = model.nextDueAt();
    const answered = await this.#store.nextDueAt([]);
    if (next !== undefined && next <= model.now) expect(answered).toBeLessThanOrEqual(model.now);
    else expect(answered).toBe(next);
  }

  async #accept({ recipients, priority }: Accept): Promise<void> {
    const { now } = this.#model;
    const lease = { owner: 'relay-1', token: 1, until: now + 2, begun: false };
    const message = sampleMessage({
      priority,
      acceptedAt: now,
      recipients: recipients.map(({ lane, site, dueIn, how }, n) => ({
        address: `r${n}@${lane}`,
        lane,
        site,
        dueAt: now + dueIn,
        state: how === 'held' ? 'held' : 'queued',
        ...(how === 'leased' ? { lease } : {}),
      })),
    });
    await this.#store.accept([message]);
    this.#model.accept(message);
    for (const recipient of message.recipients) this.#remember(recipient);
  }

  async #claim(step: Claim): Promise<void> {
    const { verb: _verb, forMs, onlyLanes, ...rest } = step;
    const { now } = this.#model;
    const request = claimRequest({
      ...rest,
      now,
      leaseUntil: now + forMs,
      ...(onlyLanes === null ? {} : { onlyLanes }),
    });
    const granted = recipientsOf(await this.#store.claim(request));
    const available = this.#model.available(request);
    const chosen = granted.map((record) => this.#lookUp(record));
    for (const recipient of chosen) expect(available).toContain(recipient);
    expect(new Set(chosen).size).toBe(chosen.length);
    const order = ranksInOrder(this.#table.claims);
    for (const last of order.keys()) {
      const ranks = order.slice(0, last + 1);
      const ofRanks = chosen.filter(({ rank }) => ranks.includes(rank));
      expect(ofRanks).toHaveLength(this.#model.expectedCount(request, ranks));
    }
    if (chosen.length > 0) this.#table.claims += 1;
    this.#expectInOrder(chosen, available);
    for (const recipient of chosen) {
      recipient.token += 1;
      const lease = { owner: request.owner, token: recipient.token, until: request.leaseUntil };
      recipient.record = withLease(recipient.record, lease);
    }
    expect(granted).toEqual(chosen.map((recipient) => recipient.record));
    for (const record of granted) this.#remember(record);
  }

  /** Within a lane of one site, and a rank, nobody is passed over for one who came due later. */
  #expectInOrder(chosen: readonly ModelRecipient[], available: readonly ModelRecipient[]): void {
    for (const last of chosen) {
      for (const other of available) {
        if (other.rank !== last.rank || chosen.includes(other)) continue;
        if (other.record.lane !== last.record.lane || other.record.site !== last.record.site)
          continue;
        expect(this.#model.readyAt(last)).toBeLessThanOrEqual(this.#model.readyAt(other));
      }
    }
  }

  async #conclude({ ends }: Conclude): Promise<void> {
    const changes = new Map<string, RecipientChange>();
    for (const { pick, done, dueIn, ...rest } of ends) {
      const key = this.#pick(pick);
      if (key === undefined) return;
      const again = { ...rest, dueAt: this.#model.now + dueIn, delayTold: done };
      const change: RecipientChange = done
        ? { ...key, kind: 'done' }
        : { ...key, kind: 'again', ...again, lastReason: 'not now' };
      changes.set(`${key.message} ${key.index}`, change);
    }
    const unit = { changes: [...changes.values()], events: [], messages: [] };
    const held = unit.changes.every((change) => this.#held(change) !== undefined);
    expect(await this.#store.conclude([unit])).toEqual([held ? 'done' : 'stale']);
    if (!held) return;
    for (const change of unit.changes) {
      const recipient = this.#lookUp(change);
      if (change.kind === 'done') this.#model.remove(recipient);
      else recipient.record = afterAttempt(recipient.record, change);
    }
  }

  async #other(step: Other): Promise<void> {
    const model = this.#model;
    switch (step.verb) {
      case 'begin':
        return this.#touch(step.pick, { begun: true }, model.now + step.dueIn);
      case 'renew':
        return this.#touch(step.pick, { until: model.now + step.forMs });
      case 'recover':
        await this.#store.recover(step.owner, model.now);
        for (const recipient of model.recipients) {
          if (recipient.record.lease?.owner !== step.owner) continue;
          recipient.record = afterDeath(recipient.record, model.now);
        }
        return;
      case 'rest':
        await this.#store.deferLane(step.lane, model.now + step.forMs);
        model.rests.set(step.lane, model.now + step.forMs);
        return;
      case 'intervene':
        return this.#intervene(step);
      case 'wait':
        model.now += step.forMs;
        return;
      case 'reopen':
        return this.#table.reopen();
    }
  }

  /** Begins (with a due time) or renews (without). */
  async #touch(
    pick: number,
    change: { readonly begun?: true; readonly until?: number },
    dueAt?: number,
  ): Promise<void> {
    const key = this.#pick(pick);
    if (key === undefined) return;
    const answered =
      dueAt === undefined
        ? await this.#store.renew([key], change.until ?? 0)
        : await this.#store.begin([{ ...key, dueAt }]);
    const recipient = this.#held(key);
    const { token: _token, ...plain } = key;
    expect(answered).toEqual(recipient === undefined ? [] : [plain]);
    if (recipient?.record.lease === undefined) return;
    const lease = { ...recipient.record.lease, ...change };
    recipient.record = { ...recipient.record, lease, ...(dueAt === undefined ? {} : { dueAt }) };
  }

  async #intervene({
    action,
    domain,
  }: Extract<Other, { readonly verb: 'intervene' }>): Promise<void> {
    const { now, recipients } = this.#model;
    const selection = domain === null ? {} : { domain };
    const { changed, next } = await this.#store.intervene(action, selection, now, { limit: ALL });
    expect(next).toBeUndefined();
    let expected = 0;
    for (const recipient of recipients) {
      if (domain !== null && recipient.record.forwardPath.domain !== domain) continue;
      const result = intervened(action, recipient.record, now);
      if (result === undefined) continue;
      expected += 1;
      if (action === 'retry') this.#model.rests.delete(recipient.record.lane);
      recipient.record = result.recipient;
    }
    expect(changed).toBe(expected);
  }

  #remember({ message, index, lease }: RecipientRecord): void {
    if (lease !== undefined) this.#leases.push({ message, index, token: lease.token });
  }

  #pick(pick: number): LeasedKey | undefined {
    return this.#leases[pick % Math.max(1, this.#leases.length)];
  }

  #held(key: LeasedKey): ModelRecipient | undefined {
    const recipient = this.#model.find(key);
    return recipient?.record.lease?.token === key.token ? recipient : undefined;
  }

  #lookUp(record: Pick<RecipientRecord, 'message' | 'index'>): ModelRecipient {
    const recipient = this.#model.find(record);
    if (recipient === undefined) throw new TypeError(`the model does not have ${record.message}`);
    return recipient;
  }
}
