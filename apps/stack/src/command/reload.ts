/** `posthouse reload`: lets a running stack read configuration, accounts and certificates again. */
import { readConfiguration } from '@posthouse/configuration';
import { connectControl, EXIT, ExitError, loadConfiguration } from '@posthouse/process';
import { CONFIG_OPTION, expectNoMore, readArguments, textValue } from './arguments.ts';
import type { Command } from './command.ts';

const USAGE = `Usage: posthouse reload [--config FILE]

Lets the running stack read its configuration, accounts and certificates again. Sessions go
on; files with mistakes change nothing. SIGHUP does the same.`;

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
      const text = `Nothing runs over ${stateDirectory}: start a stack with "posthouse up"`;
      throw new ExitError('unavailable', text);
    }
    for await (const _done of running.order('reload'));
    process.stdout.write('Configuration, accounts and certificates were read again\n');
    return EXIT.ok;
  },
};
