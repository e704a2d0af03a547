/**
 * What sites, tenants and accounts may send in a time, and what they have sent: the windows by key.
 *
 * Windows of ten minutes and more are worth a note, so that a restart does not give a day's
 * allowance anew. Bounded: when there are many, those in which nothing is used are forgotten.
 */
import type { Rate } from '@posthouse/mail';
import { AllowanceWindow } from './allowance.ts';
import type { Cost, NotedWindow } from './allowance.ts';
import { readNote } from './noted.ts';
import type { AllowanceKey } from './route.ts';
import type { Note } from './store.ts';

/** Who has no room, until when, and the rate that says so. */
export interface Exhausted {
  readonly key: AllowanceKey;
  readonly until: number;
  readonly rate: Rate;
}

/** How a rate stands, for people. */
export interface RateStanding extends Rate {
  readonly used: number;
  /** When there is room again; absent while there is. */
  readonly freeAt?: number;
}

/** Shorter windows are over before anybody has started again. */
const NOTED_FROM_MS = 600_000;
const MAX_KEYS = 20_000;
const PREFIX = 'allowance ';

export class Allowances {
  readonly #ratesOf: (key: AllowanceKey) => readonly Rate[];
  readonly #windows = new Map<AllowanceKey, AllowanceWindow[]>();
  readonly #changed = new Set<AllowanceKey>();

  constructor(ratesOf: (key: AllowanceKey) => readonly Rate[]) {
    this.#ratesOf = ratesOf;
  }

  /** The allowance that makes a cost wait longest; `undefined` where all have room. */
  exhausted(keys: readonly AllowanceKey[], cost: Cost, now: number): Exhausted | undefined {
    let longest: Exhausted | undefined;
    for (const key of keys) {
      for (const rate of this.#ratesOf(key)) {
        const until = this.#window(key, rate)?.freeAt(now, cost[rate.of], rate.count) ?? now;
        if (until > (longest?.until ?? now)) longest = { key, until, rate };
      }
    }
    return longest;
  }

  use(keys: readonly AllowanceKey[], cost: Cost, now: number): void {
    for (const key of keys) {
      for (const rate of this.#ratesOf(key)) {
        this.#windowFor(key, rate).use(now, cost[rate.of]);
        if (rate.perMs >= NOTED_FROM_MS) this.#changed.add(key);
      }
    }
  }

  standings(key: AllowanceKey, now: number): readonly RateStanding[] {
    return this.#ratesOf(key).map((rate) => {
      const window = this.#window(key, rate);
      const freeAt = window?.freeAt(now, 1, rate.count) ?? now;
      return { ...rate, used: window?.usedAt(now) ?? 0, ...(freeAt > now && { freeAt }) };
    });
  }

  get hasNews(): boolean {
    return this.#changed.size > 0;
  }

  /** What has changed since the last time; taken as asked. */
  takeNotes(now: number): readonly Note[] {
    const notes = [...this.#changed].map((key): Note => {
      const windows = (this.#windows.get(key) ?? [])
        .filter(({ perMs }) => perMs >= NOTED_FROM_MS)
        .flatMap((window) => window.noted(now) ?? []);
      return [PREFIX + key, windows.length === 0 ? null : JSON.stringify(windows)];
    });
    this.#changed.clear();
    return notes;
  }

  /** Takes notes of an earlier life; what cannot be read is forgotten. */
  restore(notes: ReadonlyMap<string, string>): void {
    for (const [name, value] of notes) {
      if (!name.startsWith(PREFIX)) continue;
      const windows = readNote(value, readWindows) ?? [];
      const key = name.slice(PREFIX.length);
      this.#windows.set(
        key,
        windows.map((noted) => new AllowanceWindow(noted, noted)),
      );
      this.#changed.add(key); // so that a window that is over is forgotten there, too
    }
  }

  #window(key: AllowanceKey, { of, perMs }: Rate): AllowanceWindow | undefined {
    return this.#windows.get(key)?.find((each) => each.of === of && each.perMs === perMs);
  }

  #windowFor(key: AllowanceKey, rate: Rate): AllowanceWindow {
    const known = this.#window(key, rate);
    if (known !== undefined) return known;
    const window = new AllowanceWindow(rate);
    const windows = this.#windows.get(key);
    if (windows !== undefined) windows.push(window);
    else this.#windows.set(key, [window]);
    return window;
  }

  /** Forgets the keys whose windows are empty, when there are many. */
  sweep(now: number): void {
    if (this.#windows.size <= MAX_KEYS) return;
    for (const [key, windows] of this.#windows) {
      if (windows.every((window) => window.usedAt(now) === 0)) this.#windows.delete(key);
    }
  }
}

function readWindows(value: unknown): readonly NotedWindow[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every(isWindow) ? value : undefined;
}

function isWindow(value: unknown): value is NotedWindow {
  if (typeof value !== 'object' || value === null) return false;
  const { of, perMs, slots } = value as Partial<NotedWindow>; // each is looked at below
  return (
    (of === 'messages' || of === 'recipients') &&
    typeof perMs === 'number' &&
    perMs >= 1 &&
    Array.isArray(slots) &&
    slots.every((slot) => Array.isArray(slot) && slot.length === 2 && slot.every(Number.isFinite))
  );
}
