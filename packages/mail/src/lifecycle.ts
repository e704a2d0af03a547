/**
 * What runs can be started and stopped, and a group of running things starts in
 * order and stops in reverse.
 *
 * If one part fails to start, those before it are stopped and the failure is
 * thrown. Stopping goes on past a part that fails to stop; the failures are
 * thrown together at the end.
 */

/** Something that runs. Both verbs are idempotent; nothing is done before `start`. */
export interface Startable {
  start(): Promise<void>;
  /** Stops in good manners: takes no more work, ends what is under way, lets go of everything. */
  stop(): Promise<void>;
}

/** Starts each in order. @throws what the first failing start threw, after stopping those before it. */
export async function startInOrder(parts: readonly Startable[]): Promise<void> {
  const started: Startable[] = [];
  for (const part of parts) {
    try {
      await part.start();
      started.push(part);
    } catch (cause) {
      await stopInReverse(started).catch(() => undefined); // the first failure is the one to tell
      throw cause;
    }
  }
}

/** Stops each in reverse order. @throws AggregateError when any failed to stop. */
export async function stopInReverse(parts: readonly Startable[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of [...parts].reverse()) {
    try {
      await part.stop();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some parts failed to stop');
}
