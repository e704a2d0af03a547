/** The event log of a memory store: an array, and for each search key the messages that it names. */
import type { EventCursor, NewEvent, QueueEvent } from '../event.ts';
import type { QueueId } from '../record.ts';
import { searchKey } from '../rules/search-keys.ts';
import type { EventPage } from '../store.ts';

interface Kept {
  readonly place: number;
  readonly event: QueueEvent;
}

/** @see Store for the verbs of the same names */
export class EventLog {
  #kept: Kept[] = [];
  #last = 0;
  /** The last place that was forgotten. */
  #forgotten = 0;
  readonly #messages = new Map<string, Set<QueueId>>();

  append(events: readonly NewEvent[]): void {
    for (const event of events) {
      this.#last += 1;
      this.#kept.push({ place: this.#last, event: { ...event, cursor: cursorAt(this.#last) } });
    }
  }

  index(message: QueueId, keys: Iterable<string>): void {
    for (const key of keys) {
      const messages = this.#messages.get(key);
      if (messages === undefined) this.#messages.set(key, new Set([message]));
      else messages.add(message);
    }
  }

  get end(): EventCursor {
    return cursorAt(this.#last);
  }

  read(after: EventCursor | undefined, limit: number): EventPage {
    const place = after === undefined ? this.#forgotten : placeOf(after);
    // From the end, because that is where most readers are.
    const start = this.#kept.findLastIndex((kept) => kept.place <= place) + 1;
    const events = this.#kept.slice(start, start + limit);
    return { events: events.map((kept) => kept.event), gap: place < this.#forgotten };
  }

  trace(
    subject: { readonly message: QueueId } | { readonly text: string },
    limit: number,
  ): readonly QueueEvent[] {
    const messages: ReadonlySet<QueueId> =
      'message' in subject
        ? new Set([subject.message])
        : (this.#messages.get(searchKey(subject.text)) ?? new Set());
    return this.#kept
      .map((kept) => kept.event)
      .filter((event) => messages.has(event.message))
      .slice(0, limit);
  }

  forget(before: number, limit: number): number {
    const old = this.#kept.filter((kept) => kept.event.at < before).slice(0, limit);
    const gone = new Set(old.map((kept) => kept.place));
    this.#kept = this.#kept.filter((kept) => !gone.has(kept.place));
    this.#forgotten = Math.max(this.#forgotten, ...gone);
    const left = new Set(this.#kept.map((kept) => kept.event.message));
    for (const [key, messages] of this.#messages) {
      for (const message of messages) if (!left.has(message)) messages.delete(message);
      if (messages.size === 0) this.#messages.delete(key);
    }
    return gone.size;
  }
}

function cursorAt(place: number): EventCursor {
  return String(place) as EventCursor; // made here
}

/** What is no cursor of ours stands before everything. */
function placeOf(cursor: EventCursor): number {
  return /^\d+$/.test(cursor) ? Number(cursor) : -1;
}
