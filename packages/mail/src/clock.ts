/**
 * Time as a dependency. Everything that waits or stamps takes a `Clock`, so that
 * tests run days of retries in milliseconds on a manual one.
 */

/** A timer that was set; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** Wall-clock time and timers. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Calls back once after `delayMs`; does not keep the process alive by itself. */
  after(delayMs: number, callback: () => void): Timer;
}

const MAX_TIMEOUT_MS = 2_147_483_647;

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    let timeout: NodeJS.Timeout;
    // Node fires a longer delay than this at once, so that it is waited for in steps.
    const wait = (restMs: number): void => {
      const stepMs = Math.min(restMs, MAX_TIMEOUT_MS);
      timeout = setTimeout(() => (restMs > stepMs ? wait(restMs - stepMs) : callback()), stepMs);
      timeout.unref();
    };
    wait(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timeout) };
  },
};
