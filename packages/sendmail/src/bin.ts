#!/usr/bin/env node
/** `sendmail` as a program of its own, under any of its names. */
import { basename } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import { EXIT, explainStartFailure, loadConfiguration, readNextHop } from '@posthouse/process';
import { sendmail } from './sendmail.ts';
import { sendmailSettings, SYSTEM_CONFIGURATION } from './settings.ts';

const named = process.env['POSTHOUSE_CONFIG'] ?? '';
const exit = await sendmail(process.argv.slice(2), {
  name: basename(process.argv[1] ?? ''),
  environment: process.env,
  async readSettings(configFile) {
    const file = configFile ?? (named === '' ? SYSTEM_CONFIGURATION : undefined);
    const { configuration } = await loadConfiguration(file, readConfiguration);
    return sendmailSettings(configuration, readNextHop);
  },
  explain: (error) => explainStartFailure(error),
});
process.exitCode = EXIT[exit];
