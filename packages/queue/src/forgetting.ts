/** Lets events go when they are old enough: soon after the start and then once an hour, in small steps. */
import type { Clock, Logger, Timer } from '@posthouse/mail';
import type { Store } from './store.ts';

/** Also a stack that never runs for an hour must forget. */
const FIRST_MS = 60_000;
const EVERY_MS = 60 * 60_000;
const STEP = 1000;

export interface ForgettingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Begins. @returns the way to stop it, which resolves when no step is under way */
export function startForgetting(retentionMs: number, deps: ForgettingDeps): () => Promise<void> {
  const { store, clock, logger } = deps;
  let stopped = false;
  let timer: Timer | undefined;
  let round: Promise<void> = Promise.resolve();

  const forget = async (): Promise<void> => {
    try {
      const before = clock.now() - retentionMs;
      let forgotten = STEP;
      while (forgotten >= STEP && !stopped) forgotten = await store.forgetEvents(before, STEP);
    } catch (error) {
      logger.warn({ event: 'forget-failed', err: error }, 'Old events could not be removed');
    }
    if (!stopped) wait(EVERY_MS);
  };
  const wait = (delayMs: number): void => {
    timer = clock.after(delayMs, () => {
      round = forget();
    });
  };

  wait(FIRST_MS);
  return () => {
    stopped = true;
    timer?.cancel();
    return round;
  };
}
