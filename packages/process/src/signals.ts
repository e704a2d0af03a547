/**
 * Signals, as an agent wants to hear them: stop once, stop at once, reload.
 *
 * SIGTERM and SIGINT stop. The same wish often comes twice (a terminal signals the whole
 * group, npm passes it on): within a second it is the same one, after that it is
 * impatience, and the process ends at once. SIGHUP reloads. Where a parent holds an IPC
 * channel, the parent's death stops us, too. On Windows SIGHUP means that the console
 * closes, so it stops, as does SIGBREAK.
 */

export interface SignalListeners {
  stop(reason: string): void;
  /** @param exitCode 128 and the number of the signal, as shells have it */
  stopNow(exitCode: number): void;
  reload(): void;
}

type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGBREAK' | 'SIGHUP';

const NUMBERS: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGTERM: 15,
  SIGBREAK: 21,
};
const SAME_WISH_MS = 1000;

/** Listens from now on, as long as the process lives. */
export function listenToSignals(listeners: SignalListeners): void {
  let stoppedAt: number | undefined;
  const stop = (signal: StopSignal): void => {
    const now = performance.now();
    if (stoppedAt === undefined) {
      stoppedAt = now;
      listeners.stop(signal);
    } else if (now - stoppedAt >= SAME_WISH_MS) {
      listeners.stopNow(128 + NUMBERS[signal]);
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (process.platform === 'win32') {
    process.on('SIGBREAK', stop);
    process.on('SIGHUP', stop);
  } else {
    process.on('SIGHUP', () => listeners.reload());
  }
  if (process.connected) {
    process.once('disconnect', () => {
      stoppedAt ??= performance.now();
      listeners.stop('parent gone');
    });
  }
}
