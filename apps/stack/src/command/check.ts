/** `posthouse check`: lists every mistake of a configuration file at once. */
import { configurationJsonSchema, readConfiguration } from '@posthouse/configuration';
import type { ConfigurationReading, Role } from '@posthouse/configuration';
import { EXIT, ExitError, loadConfiguration } from '@posthouse/process';
import { CONFIG_OPTION, readArguments, textValue } from './arguments.ts';
import type { Command } from './command.ts';

const ROLES: readonly string[] = ['stack', 'submission', 'relay', 'delivery'] satisfies Role[];

const USAGE = `Usage: posthouse check [FILE] [--role ROLE] [--schema]

Checks a configuration file (default: posthouse.toml in this directory) and lists every
mistake with its line and how to mend it.

  --role ROLE   what is to run: stack (default), submission, relay or delivery
  --schema      print the JSON Schema of the file, for editors`;

export const check: Command = {
  async run(argv) {
    const options = {
      ...CONFIG_OPTION,
      role: { type: 'string' },
      schema: { type: 'boolean' },
    } as const;
    const given = readArguments(argv, USAGE, options);
    if (given === undefined) return EXIT.ok;
    if (given.values['schema'] === true) {
      process.stdout.write(`${JSON.stringify(configurationJsonSchema(), undefined, 2)}\n`);
      return EXIT.ok;
    }
    const role = textValue(given, 'role') ?? 'stack';
    if (!isRole(role)) throw new ExitError('usage', `there is no role ${role}\n\n${USAGE}`);
    const read = (text: string, path: string): ConfigurationReading =>
      readConfiguration(text, path, { role });
    const { path } = await loadConfiguration(
      given.positionals[0] ?? textValue(given, 'config'),
      read,
    );
    process.stdout.write(
      path === undefined
        ? 'There is no posthouse.toml here: the defaults are in use, and they are right\n'
        : `${path} is right\n`,
    );
    return EXIT.ok;
  },
};

function isRole(text: string): text is Role {
  return ROLES.includes(text);
}
