/** `posthouse check`: lists every mistake of a configuration file at once, and warns of what will not work. */
import { configurationJsonSchema, readConfiguration } from '@posthouse/configuration';
import type { Configuration, ConfigurationReading, Role } from '@posthouse/configuration';
import { createDirectory } from '@posthouse/directory';
import { displayMailbox, parseMailbox, silentLogger, systemClock } from '@posthouse/mail';
import { EXIT, loadConfiguration } from '@posthouse/process';
import { CONFIG_OPTION, expectNoMore, readArguments, textValue, wrongUse } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { unreadSecrets } from './unread-secrets.ts';
import { unsoundSettings } from './unsound-settings.ts';

const ROLES: readonly string[] = ['stack', 'submission', 'relay', 'delivery'] satisfies Role[];

const USAGE = `Usage: posthouse check [FILE] [--role ROLE]
       posthouse check --schema

Checks a configuration file (default: posthouse.toml in this directory) and lists every
mistake with its line and how to mend it; warns of aliases that lead to nobody, of secrets
and certificates that cannot be used, and of a relay that is open to everybody.

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
    expectOneMeaning(given);
    if (given.values['schema'] === true) {
      process.stdout.write(`${JSON.stringify(configurationJsonSchema(), undefined, 2)}\n`);
      return EXIT.ok;
    }
    const role = textValue(given, 'role') ?? 'stack';
    if (!isRole(role)) throw wrongUse(`There is no role ${role}: write ${ROLES.join(', ')}`, USAGE);
    const read = (text: string, path: string): ConfigurationReading =>
      readConfiguration(text, path, { role });
    const { configuration, path } = await loadConfiguration(
      given.positionals[0] ?? textValue(given, 'config'),
      read,
    );
    const warnings = [
      await lostTargets(configuration),
      await unreadSecrets(configuration),
      await unsoundSettings(configuration, systemClock.now()),
    ].flat();
    for (const text of warnings) process.stderr.write(`warning: ${text}\n`);
    process.stdout.write(
      path === undefined
        ? 'There is no posthouse.toml here: the defaults are in use, and they are right\n'
        : `${path} is right\n`,
    );
    return EXIT.ok;
  },
};

/** Aliases that lead to addresses of ours that nobody has: their mail would be lost on the way. */
async function lostTargets({ directory, relay }: Configuration): Promise<readonly string[]> {
  if (relay.recipientCheck !== 'accounts') return []; // the delivery agent knows who exists
  const book = createDirectory(directory, { logger: silentLogger, clock: systemClock });
  await book.start();
  try {
    return Object.keys(directory.aliases).flatMap((name) => {
      const alias = parseMailbox(name);
      const { lost } = alias === undefined ? { lost: [] } : book.expand(alias);
      return lost.map(({ address, reason }) =>
        reason === 'unknown'
          ? `the alias ${name} leads to ${displayMailbox(address)}, and there is no such account in ${directory.accountsFile}`
          : `the alias ${name} leads nowhere at ${displayMailbox(address)}: ${reason}`,
      );
    });
  } finally {
    await book.stop();
  }
}

/** @throws ExitError `usage` */
function expectOneMeaning(given: Arguments): void {
  const [file, ...more] = given.positionals;
  expectNoMore(more, USAGE);
  const config = textValue(given, 'config');
  if (given.values['schema'] === true) {
    const idle = file ?? config ?? textValue(given, 'role');
    if (idle !== undefined) throw wrongUse(`--schema goes alone: leave ${idle} out`, USAGE);
  } else if (file !== undefined && config !== undefined) {
    throw wrongUse(`${file} and --config ${config} both name the file: leave one out`, USAGE);
  }
}

function isRole(text: string): text is Role {
  return ROLES.includes(text);
}
