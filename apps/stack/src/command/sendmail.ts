/**
 * `posthouse sendmail`, and `posthouse` under the names of sendmail.
 *
 * A person who calls `posthouse sendmail` has the configuration found as for all commands;
 * for programs that call `sendmail` it is the system's.
 */
import { readConfiguration } from '@posthouse/configuration';
import { EXIT, explainStartFailure, loadConfiguration, readNextHop } from '@posthouse/process';
import {
  sendmail as runSendmail,
  sendmailSettings,
  SYSTEM_CONFIGURATION,
} from '@posthouse/sendmail';
import type { Command } from './command.ts';

export const sendmail: Command = {
  run: (argv) => runAs(undefined, argv),
};

/** Runs it under one of its own names, or as our command. @returns the exit code */
export async function runAs(name: string | undefined, argv: readonly string[]): Promise<number> {
  const isNamed = (process.env['POSTHOUSE_CONFIG'] ?? '') !== '';
  const usual = name === undefined || isNamed ? undefined : SYSTEM_CONFIGURATION;
  const exit = await runSendmail(argv, {
    name: name ?? 'sendmail',
    environment: process.env,
    async readSettings(configFile) {
      const { configuration } = await loadConfiguration(configFile ?? usual, readConfiguration);
      return sendmailSettings(configuration, readNextHop);
    },
    explain: (error) => explainStartFailure(error),
  });
  return EXIT[exit];
}
