/**
 * How many attempts a lane may have at once, learnt from its answers.
 *
 * The window grows by one after a window's worth of successes and shrinks by one
 * at the first trouble after that: each answer moves a credit by 1/N, a step up
 * comes at the end of a run of successes and a step down at the start of a run of
 * troubles. This is the feedback of Postfix's queue manager with 1/N on both sides,
 * which in its own trials against a host that limits connections deferred a third
 * of what steps of a fixed size did (Postfix, SCHEDULER_README).
 */

/** Plain data; `credit` is in [0, 1). */
export interface ConcurrencyWindow {
  readonly size: number;
  readonly credit: number;
}

/** A window as it opens. */
export function openWindow(size: number): ConcurrencyWindow {
  return { size, credit: 0 };
}

/** After an attempt that the host answered. */
export function grownWindow(window: ConcurrencyWindow, max: number): ConcurrencyWindow {
  if (window.size >= max) return window;
  const credit = window.credit + 1 / window.size;
  // Sums of 1/N end a hair below 1.
  if (credit < 1 - Number.EPSILON * window.size) return { size: window.size, credit };
  return { size: window.size + 1, credit: 0 };
}

/** After an attempt that met with trouble of the host. */
export function shrunkWindow(window: ConcurrencyWindow): ConcurrencyWindow {
  const credit = window.credit - 1 / window.size;
  if (credit >= 0) return { size: window.size, credit };
  return { size: Math.max(1, window.size - 1), credit: Math.max(0, credit + 1) };
}
