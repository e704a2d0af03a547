/**
 * The queue of a configuration, whether or not anything runs: by the control socket of what
 * does, else by opening the store, whose own lock decides.
 *
 * Where the lock is held and nobody answers at the socket, neither works, and that is said.
 */
import { existsSync } from 'node:fs';
import type { Configuration } from '@posthouse/configuration';
import { createDirectory } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { silentLogger, startInOrder, stopInReverse, systemClock } from '@posthouse/mail';
import {
  connectControl,
  ExitError,
  readAuthorities,
  readNextHop,
  readSecret,
} from '@posthouse/process';
import { StoreError } from '@posthouse/queue';
import { createQueueStore, createStandingQueue, relayOptions } from '@posthouse/relay';
import type { OrderFields, StandingQueue } from '@posthouse/relay';

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
  const standing = await openStanding(configuration);
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

async function openStanding(configuration: Configuration): Promise<StandingQueue> {
  const { queue, server } = configuration;
  if (queue.durability === 'memory') {
    const text = `Nothing runs over ${server.stateDirectory}, and its queue is in memory only: there is nothing to see`;
    throw new ExitError('unavailable', text);
  }
  if (!existsSync(queue.directory)) {
    throw new ExitError('noInput', `There is no queue yet: ${queue.directory} does not exist`);
  }
  const deps = { logger: silentLogger, clock: systemClock };
  const store = await createQueueStore(queue, createDisk(), silentLogger);
  const options = await relayOptions(configuration, undefined, {
    readAuthorities,
    readSecret,
    readNextHop,
  });
  const directory = createDirectory(configuration.directory, deps);
  const standing = createStandingQueue(options, { ...deps, store, directory });
  const parts = [directory, standing];
  try {
    await startInOrder(parts);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'in-use') throw error;
    const text = `The queue in ${queue.directory} is in use, but nobody takes orders in ${server.stateDirectory}: give the command the configuration of what runs (--config), or stop that first`;
    throw new ExitError('unavailable', text, error);
  }
  return { ...standing, stop: () => stopInReverse(parts) };
}
