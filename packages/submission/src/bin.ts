#!/usr/bin/env node
/**
 * The submission agent as a process of its own: stateless, in front of a relay.
 *
 * Needs a certificate, because it takes passwords under TLS only, and the relay to hand
 * mail to (`submission.next_hop`). Its answers are the relay's.
 */
import { readConfiguration, settingsThatWait } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { createDirectory } from '@posthouse/directory';
import { startInOrder, stopInReverse, systemClock } from '@posthouse/mail';
import { ExitError, readCertificate, readNextHop, readVersion, runAgent } from '@posthouse/process';
import type { AgentContext, RunningAgent } from '@posthouse/process';
import { createNextHop } from '@posthouse/smtp';
import type { ConnectTarget } from '@posthouse/smtp';
import { submissionOptions } from './settings.ts';
import { createSubmission } from './submission.ts';

const USAGE = `Usage: posthouse-submission [--config FILE]

Takes mail from authors who log in, checks that they may send it, repairs what their
programs forgot, and hands it to the relay that submission.next_hop names.`;

async function start(context: AgentContext<Configuration>): Promise<RunningAgent<Configuration>> {
  const { configuration, logger } = context;
  const deps = { logger, clock: systemClock };
  const { nextHop } = configuration.submission;
  const place = configuration.tls.certificate;
  if (nextHop === undefined || place === undefined) {
    throw new ExitError('configuration', 'submission alone needs submission.next_hop and [tls]');
  }
  const certificate = await readCertificate(place);
  const directory = createDirectory(configuration.directory, deps);
  // The relay is one of our own agents: it is told who the author was.
  const target: ConnectTarget = {
    ...(await readNextHop(nextHop)),
    protocol: 'smtp',
    greeting: configuration.server.hostname,
    shareContext: true,
  };
  const next = createNextHop({ target }, deps);
  const submission = createSubmission(submissionOptions(configuration, certificate), {
    ...deps,
    next,
    directory,
  });
  const parts = [directory, next, submission];
  await startInOrder(parts);
  return {
    facts: submission.addresses,
    stop: () => stopInReverse(parts),
    async reload(changed) {
      const renewed = await readCertificate(changed.tls.certificate ?? place);
      await directory.reload(changed.directory);
      submission.reloadTls(renewed);
    },
  };
}

await runAgent({
  name: 'submission',
  version: readVersion(new URL('../package.json', import.meta.url)),
  usage: USAGE,
  readConfiguration: (text, path) => readConfiguration(text, path, { role: 'submission' }),
  settingsThatWait: (started, next) => settingsThatWait(started, next, 'submission'),
  start,
});
