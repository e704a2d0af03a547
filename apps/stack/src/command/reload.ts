/** `posthouse reload`: lets a running stack read configuration, accounts and certificates again. */
import { readConfiguration } from '@posthouse/configuration';
import { connectControl, EXIT, ExitError, loadConfiguration } from '@posthouse/process';
import type { ControlClient } from '@posthouse/process';
import { CONFIG_OPTION, expectNoMore, readArguments, textValue } from './arguments.ts';
import type { Command } from './command.ts';

const USAGE = `Usage: posthouse reload [--config FILE]

Lets the running stack read its configuration, accounts and certificates again. Sessions go
on; files with mistakes change nothing. What has changed and waits for the next start is named.
SIGHUP does the same.`;

const DONE = 'Configuration, accounts and certificates were read again';

export const reload: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, CONFIG_OPTION);
    if (given === undefined) return EXIT.ok;
    expectNoMore(given.positionals, USAGE);
    const named = textValue(given, 'config');
    const { configuration } = await loadConfiguration(named, readConfiguration);
    const { stateDirectory } = configuration.server;
    const running = await connectControl(stateDirectory);
    if (running === undefined) {
      const text = `Nothing that takes orders runs over ${stateDirectory}: start a stack with "posthouse up"; submission or delivery alone read their files again on SIGHUP`;
      throw new ExitError('unavailable', text);
    }
    process.stdout.write(`${await ordered(running)}\n`);
    return EXIT.ok;
  },
};

/** What is to be told of it. */
async function ordered(running: ControlClient): Promise<string> {
  for await (const item of running.order('reload')) {
    const { waiting } = item as { readonly waiting: readonly string[] }; // of our own server
    return waiting.length === 0
      ? DONE
      : `${DONE}\nThese settings wait for the next start: ${waiting.join(', ')}`;
  }
  return DONE;
}
