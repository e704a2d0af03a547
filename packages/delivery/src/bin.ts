#!/usr/bin/env node
/**
 * The delivery agent as a process of its own: LMTP in, Maildirs out.
 *
 * Every 250 stands for a message whose content and name are on the disk.
 */
import { readConfiguration, settingsThatWait } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { createDirectory } from '@posthouse/directory';
import { startInOrder, stopInReverse, systemClock } from '@posthouse/mail';
import { ExitError, readCertificate, readSecret, readVersion, runAgent } from '@posthouse/process';
import type { AgentContext, RunningAgent } from '@posthouse/process';
import { createDeliveryAgent } from './agent.ts';
import type { DeliveryAgentOptions } from './agent.ts';
import { deliveryOptions } from './settings.ts';

// Every delivery waits for file calls; libuv's four threads would be the limit. Before the first call.
process.env['UV_THREADPOOL_SIZE'] ??= '32';

const USAGE = `Usage: posthouse-delivery [--config FILE]

Takes mail for our accounts from relays over LMTP and puts it into their Maildirs.`;

async function start(context: AgentContext<Configuration>): Promise<RunningAgent<Configuration>> {
  const { configuration, logger } = context;
  if (configuration.delivery.listen === undefined) {
    throw new ExitError('configuration', 'delivery.listen is "off": the agent alone must listen');
  }
  const deps = { logger, clock: systemClock };
  const directory = createDirectory(configuration.directory, deps);
  const options = await optionsOf(configuration);
  if (!knowsRelays(options)) {
    logger.warn(
      { event: 'no-relay-known' },
      'delivery.logins and delivery.trusted_networks are empty: what a relay sends again after a crash cannot be told from new mail, and is delivered twice',
    );
  }
  const agent = createDeliveryAgent(options, { ...deps, directory });
  const parts = [directory, agent];
  await startInOrder(parts);
  return {
    facts: { lmtp: agent.address, mailDirectory: options.mailDirectory },
    stop: () => stopInReverse(parts),
    async reload(changed) {
      const renewed = await optionsOf(changed);
      await directory.reload(changed.directory);
      agent.reload(renewed);
    },
  };
}

function knowsRelays({ logins = {}, trustedNetworks = [] }: DeliveryAgentOptions): boolean {
  return Object.keys(logins).length > 0 || trustedNetworks.length > 0;
}

async function optionsOf(configuration: Configuration): Promise<DeliveryAgentOptions> {
  const place = configuration.tls.certificate;
  const certificate = place && (await readCertificate(place));
  return deliveryOptions(configuration, certificate, readSecret);
}

await runAgent({
  name: 'delivery',
  version: readVersion(new URL('../package.json', import.meta.url)),
  usage: USAGE,
  readConfiguration: (text, path) => readConfiguration(text, path, { role: 'delivery' }),
  settingsThatWait: (started, next) => settingsThatWait(started, next, 'delivery'),
  start,
});
