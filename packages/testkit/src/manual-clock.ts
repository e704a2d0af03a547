/**
 * A clock that moves only when told to, so that days pass in milliseconds.
 *
 * Timers fire in order of their time, each at its own `now()`. `advance` lets
 * promise callbacks run between timers, so that what a timer starts can set the
 * next one.
 */
import type { Clock, Timer } from '@posthouse/mail';

/** A `Clock` with hands. */
export interface ManualClock extends Clock {
  /** Moves time on, firing every timer that falls due on the way. */
  advance(byMs: number): Promise<void>;
  /** How many timers are set. */
  readonly pending: number;
}

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Makes a clock that stands at `startMs` (default 2026-01-01 UTC). */
export function createManualClock(startMs: number = Date.UTC(2026, 0, 1)): ManualClock {
  const alarms = new Set<Alarm>();
  let now = startMs;
  let order = 0;

  const first = (): Alarm | undefined =>
    [...alarms].toSorted((a, b) => a.at - b.at || a.order - b.order)[0];

  return {
    now: () => now,
    after(delayMs, callback): Timer {
      const alarm: Alarm = { at: now + Math.max(0, delayMs), order: order++, callback };
      alarms.add(alarm);
      return { cancel: () => alarms.delete(alarm) };
    },
    get pending() {
      return alarms.size;
    },
    async advance(byMs) {
      const end = now + byMs;
      for (let alarm = first(); alarm !== undefined && alarm.at <= end; alarm = first()) {
        alarms.delete(alarm);
        now = alarm.at;
        alarm.callback();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

/** Lets everything run that is ready to run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
