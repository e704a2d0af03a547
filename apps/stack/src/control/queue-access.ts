/**
 * The queue of a configuration, whether or not anything runs: by the control socket of what
 * does, else by opening the store, whose own lock decides.
 *
 * Where the lock is held and nobody answers at the socket, neither works, and that is said.
 */
import type { Configuration } from '@posthouse/configuration';
import { connectControl, ExitError } from '@posthouse/process';
import type { OrderFields } from '@posthouse/relay/selection';

/** A way to the queue. Close it in any case. */
export interface QueueAccess {
  /** Whether something runs; else nothing happens but what is ordered here. */
  readonly isRunning: boolean;
  /** @throws ExitError, TypeError for fields that cannot be read, StoreError */
  order(verb: string, fields: OrderFields): AsyncIterable<unknown>;
  close(): Promise<void>;
}

/** @throws ExitError that says why there is no way */
export async function openQueueAccess(configuration: Configuration): Promise<QueueAccess> {
  const { stateDirectory } = configuration.server;
  const running = await connectControl(stateDirectory);
  if (running !== undefined) {
    running.close();
    return {
      isRunning: true,
      order: (verb, fields) => orderOnce(stateDirectory, verb, fields),
      async close() {},
    };
  }
  const { openStandingQueue } = await import('./standing-queue.ts'); // with it comes the whole relay
  const standing = await openStandingQueue(configuration);
  return {
    isRunning: false,
    order(verb, fields) {
      const carryOut = standing.verbs[verb];
      if (carryOut === undefined) throw new TypeError(`there is no order ${verb}`);
      return carryOut(fields);
    },
    close: () => standing.stop(),
  };
}

/** For orders that wait for what happens. @throws ExitError `unavailable` */
export function expectRunning({ isRunning }: QueueAccess): void {
  if (isRunning) return;
  throw new ExitError('unavailable', 'Nothing runs that could be followed: leave --follow out');
}

/** A connection takes one order. */
async function* orderOnce(
  stateDirectory: string,
  verb: string,
  fields: OrderFields,
): AsyncGenerator<unknown, void, void> {
  const running = await connectControl(stateDirectory);
  if (running === undefined) throw new ExitError('unavailable', 'It has just stopped: try again');
  try {
    yield* running.order(verb, fields);
  } finally {
    running.close();
  }
}
