/** The queue of a configuration over which nothing runs, opened for a command. */
import { existsSync } from 'node:fs';
import type { Configuration } from '@posthouse/configuration';
import { createDirectory } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { silentLogger, startInOrder, stopInReverse, systemClock } from '@posthouse/mail';
import { ExitError, readAuthorities, readNextHop, readSecret } from '@posthouse/process';
import { StoreError } from '@posthouse/queue';
import { createQueueStore, createStandingQueue, relayOptions } from '@posthouse/relay';
import type { StandingQueue } from '@posthouse/relay';
import { actAsOwner } from '../command/state-owner.ts';

/** Opens it. Stop it in any case. @throws ExitError that says why it cannot be opened */
export async function openStandingQueue(configuration: Configuration): Promise<StandingQueue> {
  const { queue, server } = configuration;
  if (queue.durability === 'memory') {
    const text = `Nothing runs over ${server.stateDirectory}, and its queue is in memory only: there is nothing to see`;
    throw new ExitError('unavailable', text);
  }
  if (!existsSync(queue.directory)) {
    throw new ExitError('noInput', `There is no queue yet: ${queue.directory} does not exist`);
  }
  await actAsOwner(queue.directory);
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
