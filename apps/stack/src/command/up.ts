/**
 * `posthouse up`: runs the full stack until it is told to stop.
 *
 * Without a configuration it is a demo: two accounts, a certificate of its own, and a text
 * that says how to send a first message. The text goes where the log does not disturb it:
 * to standard output when people read it there, else to standard error.
 */
import { readConfiguration, settingsThatWait } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { createDisk } from '@posthouse/durable-fs';
import { systemClock } from '@posthouse/mail';
import { createReloadVerb, runAgent, startControl } from '@posthouse/process';
import type { AgentContext, RunningAgent } from '@posthouse/process';
import { ensureDemoAccounts } from '../demo/demo-accounts.ts';
import { demoFacts, writeDemoFacts } from '../demo/demo-facts.ts';
import { welcomeText } from '../demo/welcome.ts';
import { createStack } from '../stack.ts';
import type { Command } from './command.ts';

const USAGE = `Usage: posthouse up [--config FILE] [--catch-all]

Runs submission, relay and delivery in this process until it is told to stop. Without a
configuration file it is a demo on loopback, with two accounts.`;

const OPTIONS = {
  'catch-all': {
    type: 'boolean',
    description: 'keep every message in one mailbox, whatever its recipient; loopback only',
  },
} as const;

async function start(context: AgentContext<Configuration>): Promise<RunningAgent<Configuration>> {
  const { configuration, configurationPath, logger } = context;
  const { directory, server } = configuration;
  const disk = createDisk();
  const isDemo = configurationPath === undefined;
  await disk.directories.ensure(server.stateDirectory, 0o700);
  const accounts = isDemo
    ? await ensureDemoAccounts(server.stateDirectory, directory.accountsFile, disk)
    : [];
  const catchAll = context.values['catch-all'] === true;
  const stack = await createStack(configuration, { logger, clock: systemClock }, { catchAll });
  await stack.start();
  const verbs = { ...stack.verbs, reload: createReloadVerb(() => context.reload()) };
  const control = await startControl(server.stateDirectory, verbs, logger);
  const { addresses, authorityFile } = stack;
  if (isDemo && authorityFile !== undefined) {
    const { mailDirectory } = configuration.delivery;
    const { catchAllAccount } = stack;
    const facts = demoFacts({
      addresses,
      authorityFile,
      mailDirectory,
      accounts,
      catchAllAccount,
    });
    await writeDemoFacts(facts, server.stateDirectory, disk);
    const out = process.stdout.isTTY ? process.stdout : process.stderr;
    out.write(`${welcomeText(facts, process.cwd())}\n`);
  }
  return {
    facts: { ...addresses },
    async stop() {
      await control.stop();
      await stack.stop();
    },
    reload: (next) => stack.reload(next),
  };
}

export const up: Command = {
  run: (argv, { version }) =>
    runAgent({
      name: 'posthouse',
      version,
      usage: USAGE,
      options: OPTIONS,
      argv,
      readConfiguration,
      settingsThatWait,
      start,
    }),
};
