/**
 * What a memory store holds: messages with their recipients, and the lanes that these
 * stand in. Lists come out sorted; nothing here decides anything.
 */
import type { LaneKey, QueueId, RecipientKey, RecipientRecord, StoredMessage } from '../record.ts';
import { compareKeys } from '../rules/selection.ts';

/** A recipient with the token of its last lease, which outlives the lease. */
export interface ShelvedRecipient {
  record: RecipientRecord;
  token: number;
}

export interface ShelvedMessage {
  /** Its content is `kept`. */
  readonly record: StoredMessage;
  readonly bytes: Uint8Array;
  readonly recipients: Map<number, ShelvedRecipient>;
}

export interface Lane {
  restUntil: number;
  /** The number of the claim that was served from it last: its place in the round. */
  servedBy: number;
  readonly recipients: Set<ShelvedRecipient>;
}

export class Shelves {
  readonly messages: Map<QueueId, ShelvedMessage> = new Map();
  readonly lanes: Map<LaneKey, Lane> = new Map();
  recipients = 0;
  contentBytes = 0;

  put(record: StoredMessage, bytes: Uint8Array, recipients: readonly RecipientRecord[]): void {
    const shelved: ShelvedMessage = { record, bytes, recipients: new Map() };
    this.messages.set(record.id, shelved);
    this.contentBytes += record.sizeBytes;
    for (const recipient of recipients) {
      const entry = { record: recipient, token: recipient.lease?.token ?? 0 };
      shelved.recipients.set(recipient.index, entry);
      this.lane(recipient.lane).recipients.add(entry);
      this.recipients += 1;
    }
  }

  find(key: RecipientKey): ShelvedRecipient | undefined {
    return this.messages.get(key.message)?.recipients.get(key.index);
  }

  lane(key: LaneKey): Lane {
    const known = this.lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane = { restUntil: 0, servedBy: 0, recipients: new Set() };
    this.lanes.set(key, lane);
    return lane;
  }

  change(entry: ShelvedRecipient, record: RecipientRecord): void {
    if (record.lane !== entry.record.lane) {
      this.#leaveLane(entry);
      this.lane(record.lane).recipients.add(entry);
    }
    entry.record = record;
  }

  /** Takes a recipient out, and its message with the last one. */
  remove(entry: ShelvedRecipient): void {
    const { message, index } = entry.record;
    const shelved = this.messages.get(message);
    if (shelved?.recipients.delete(index) !== true) return;
    this.#leaveLane(entry);
    this.recipients -= 1;
    if (shelved.recipients.size > 0) return;
    this.messages.delete(message);
    this.contentBytes -= shelved.record.sizeBytes;
  }

  /** All recipients behind a key, in the order of lists, with their messages. */
  *walk(after?: RecipientKey): Iterable<readonly [ShelvedMessage, ShelvedRecipient]> {
    for (const id of [...this.messages.keys()].toSorted()) {
      if (after !== undefined && id < after.message) continue;
      const message = this.messages.get(id);
      if (message === undefined) continue; // removed by the consumer meanwhile
      for (const index of [...message.recipients.keys()].toSorted((a, b) => a - b)) {
        const entry = message.recipients.get(index);
        if (entry === undefined) continue;
        if (after === undefined || compareKeys(entry.record, after) > 0) yield [message, entry];
      }
    }
  }

  /** Forgets lanes that have nothing and whose rest is over. */
  forgetRested(now: number): void {
    for (const [key, { recipients, restUntil }] of this.lanes) {
      if (recipients.size === 0 && restUntil <= now) this.lanes.delete(key);
    }
  }

  #leaveLane(entry: ShelvedRecipient): void {
    const lane = this.lanes.get(entry.record.lane);
    lane?.recipients.delete(entry);
    if (lane?.recipients.size === 0 && lane.restUntil === 0) this.lanes.delete(entry.record.lane);
  }
}
