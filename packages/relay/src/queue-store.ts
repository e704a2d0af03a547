/** The relay's store, as the configuration wants it: on the disk, or thrown away at the end. */
import type { QueueConfiguration } from '@posthouse/configuration';
import type { Disk } from '@posthouse/durable-fs';
import type { Logger } from '@posthouse/mail';
import { createMemoryStore, createSqliteStore } from '@posthouse/queue';
import type { Store } from '@posthouse/queue';

/** Makes the store; `start` opens it. */
export async function createQueueStore(
  queue: Pick<QueueConfiguration, 'directory' | 'durability'>,
  disk: Disk,
  logger: Logger,
): Promise<Store> {
  if (queue.durability === 'memory') return createMemoryStore();
  await disk.directories.ensure(queue.directory, 0o700);
  return createSqliteStore({ directory: queue.directory }, { logger });
}
