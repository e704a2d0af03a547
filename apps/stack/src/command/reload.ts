/** `posthouse reload`: lets a running stack read configuration, accounts and certificates again. */
import { readConfiguration } from '@posthouse/configuration';
import { EXIT, loadConfiguration } from '@posthouse/process';
import { giveOrder } from '../control/control-client.ts';
import { CONFIG_OPTION, readArguments, textValue } from './arguments.ts';
import type { Command } from './command.ts';

const USAGE = `Usage: posthouse reload [--config FILE]

Lets the running stack read its configuration, accounts and certificates again. Sessions go
on; files with mistakes change nothing. SIGHUP does the same.`;

export const reload: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, CONFIG_OPTION);
    if (given === undefined) return EXIT.ok;
    const named = textValue(given, 'config');
    const { configuration } = await loadConfiguration(named, readConfiguration);
    const answer = await giveOrder(configuration.server.stateDirectory, { verb: 'reload' });
    if (answer.kind === 'done') {
      process.stdout.write('Configuration, accounts and certificates were read again\n');
      return EXIT.ok;
    }
    process.stderr.write(`${answer.text}\n`);
    return EXIT.configuration;
  },
};
