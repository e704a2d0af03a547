/**
 * A store in a few lines: what a store must answer, as far as it is determined, for the
 * property test. It knows recipients alone, in a list, and goes through all of it each time.
 */
import type { RecipientKey, RecipientRecord } from '../record.ts';
import { PRIORITY_RANKS } from '../rules/priority-ranks.ts';
import type { ClaimRequest, NewMessage } from '../store.ts';

/** A recipient, and what a lease leaves behind. */
export interface ModelRecipient {
  record: RecipientRecord;
  readonly rank: number;
  token: number;
}

export class StoreModel {
  now: number;
  recipients: ModelRecipient[] = [];
  readonly rests: Map<string, number> = new Map();

  constructor(now: number) {
    this.now = now;
  }

  accept({ message, recipients }: NewMessage): void {
    const rank = PRIORITY_RANKS[message.priority];
    for (const record of recipients) {
      this.recipients.push({ record, rank, token: record.lease?.token ?? 0 });
    }
  }

  find(key: RecipientKey): ModelRecipient | undefined {
    return this.recipients.find(
      ({ record }) => record.message === key.message && record.index === key.index,
    );
  }

  remove(recipient: ModelRecipient): void {
    this.recipients = this.recipients.filter((other) => other !== recipient);
  }

  /** When a claim would find it; never while held. */
  readyAt({ record }: ModelRecipient): number {
    if (record.state === 'held') return Infinity;
    return Math.max(record.dueAt, record.lease?.until ?? 0, this.rests.get(record.lane) ?? 0);
  }

  /** Everything that a claim may choose from. */
  available(request: ClaimRequest): readonly ModelRecipient[] {
    return this.recipients.filter(
      (recipient) =>
        this.readyAt(recipient) <= this.now &&
        !request.excludeLanes.includes(recipient.record.lane) &&
        !request.excludeSites.includes(recipient.record.site) &&
        (request.onlyLanes?.includes(recipient.record.lane) ?? true),
    );
  }

  /** How many of these ranks, which go first, a claim must give. */
  expectedCount(request: ClaimRequest, ranks: readonly number[]): number {
    const choice = this.available(request).filter(({ rank }) => ranks.includes(rank));
    const lanes = Map.groupBy(choice, ({ record }) => record.lane);
    const most = [...lanes.values()].map((lane) => Math.min(lane.length, request.perLaneLimit));
    return Math.min(
      request.limit,
      most.reduce((sum, count) => sum + count, 0),
    );
  }

  nextDueAt(): number | undefined {
    const next = Math.min(...this.recipients.map((recipient) => this.readyAt(recipient)));
    return next === Infinity ? undefined : next;
  }
}
