#!/usr/bin/env -S node --max-semi-space-size=8 --max-old-space-size=1024
/**
 * The relay as a process of its own.
 *
 * Needs a delivery agent for its own domains (`relay.delivery`) and, to take part in the
 * world, `relay.outbound`. Everything it takes is on its disk before it says so.
 */
import { join } from 'node:path';
import { readConfiguration, settingsThatWait } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { createDirectory } from '@posthouse/directory';
import { createResolver } from '@posthouse/dns';
import { createDisk, freeBytes } from '@posthouse/durable-fs';
import { startInOrder, stopInReverse, systemClock } from '@posthouse/mail';
import {
  ExitError,
  readAuthorities,
  readCertificate,
  readNextHop,
  readSecret,
  createReloadVerb,
  readVersion,
  runAgent,
  startControl,
} from '@posthouse/process';
import type { AgentContext, RunningAgent } from '@posthouse/process';
import { createRelay } from './relay.ts';
import { createQueueStore } from './queue-store.ts';
import { relayOptions } from './settings.ts';

// Large content is files; libuv's four threads would be the limit. Before the first call.
process.env['UV_THREADPOOL_SIZE'] ??= '32';

const USAGE = `Usage: posthouse-relay [--config FILE]

Takes mail from other hosts and from submission agents, queues it durably, and passes it
on: own domains to a delivery agent (LMTP), everything else where [relay] says.`;

const files = { readAuthorities, readSecret, readNextHop };

async function start(context: AgentContext<Configuration>): Promise<RunningAgent<Configuration>> {
  const { configuration, logger } = context;
  const deps = { logger, clock: systemClock };
  const certificate =
    configuration.tls.certificate && (await readCertificate(configuration.tls.certificate));
  if (configuration.relay.delivery === undefined) {
    throw new ExitError(
      'configuration',
      'relay.delivery is missing: the relay alone needs a delivery agent',
    );
  }
  const directory = createDirectory(configuration.directory, deps);
  const disk = createDisk();
  await disk.directories.ensure(configuration.server.stateDirectory, 0o700);
  const store = await createQueueStore(configuration.queue, disk, logger);
  const resolver = createResolver(configuration.dns, deps);
  const relay = createRelay(await relayOptions(configuration, certificate, files), {
    ...deps,
    store,
    directory,
    resolver,
    delivery: await readNextHop(configuration.relay.delivery),
    usedMemoryBytes: () => process.memoryUsage.rss(),
    state: { disk, directory: join(configuration.server.stateDirectory, 'transport-security') },
    ...(store.durability === 'disk' && {
      freeDiskBytes: () => freeBytes(disk, configuration.queue.directory),
    }),
  });
  const parts = [directory, store, resolver, relay];
  await startInOrder(parts);
  const verbs = { ...relay.verbs, reload: createReloadVerb(() => context.reload()) };
  const control = await startControl(configuration.server.stateDirectory, verbs, logger);
  return {
    facts: { relay: relay.address },
    async stop() {
      await control.stop();
      await stopInReverse(parts);
    },
    async reload(next) {
      const renewed = next.tls.certificate && (await readCertificate(next.tls.certificate));
      const options = await relayOptions(next, renewed, files);
      await directory.reload(next.directory);
      relay.reload(options);
    },
  };
}

await runAgent({
  name: 'relay',
  version: readVersion(new URL('../package.json', import.meta.url)),
  usage: USAGE,
  readConfiguration: (text, path) => readConfiguration(text, path, { role: 'relay' }),
  settingsThatWait: (started, next) => settingsThatWait(started, next, 'relay'),
  start,
});
