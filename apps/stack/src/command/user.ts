/** `posthouse user`: adds, lists and removes accounts, and sets passwords. Running agents notice. */
import { createInterface } from 'node:readline/promises';
import { readConfiguration } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import {
  addAccount,
  listAccounts,
  parseAccountName,
  removeAccount,
  setPassword,
} from '@posthouse/directory';
import type { AccountsFile } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { formatMailbox } from '@posthouse/mail';
import { EXIT, ExitError, loadConfiguration } from '@posthouse/process';
import { CONFIG_OPTION, readArguments, textValue, wrongUse } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { tellEmpty } from './print-lines.ts';
import { actAsOwner } from './state-owner.ts';

const USAGE = `Usage: posthouse user add NAME | passwd NAME | remove NAME | list

An account's name is its address, alice@example.com, in one of the domains in domains.own.
A new password is asked for in a terminal, else read as one line from standard input.
Removing an account leaves its mail where it is. Given by root, it acts as the owner of the file.

  --config FILE   configuration that names the accounts file
  --json          list as JSON`;

export const user: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, { ...CONFIG_OPTION, json: { type: 'boolean' } });
    if (given === undefined) return EXIT.ok;
    const { name, verb } = readOrder(given);
    const { configuration } = await loadConfiguration(
      textValue(given, 'config'),
      readConfiguration,
    );
    const file = { path: configuration.directory.accountsFile };
    if (verb === 'list') return list(await listAccounts(file), given);
    await actAsOwner(file.path);
    if (verb === 'add') return add(name, configuration);
    if (verb === 'passwd') {
      await refuseInVain(file, name, 'passwd');
      await setPassword(file, name, await readPassword());
      return done(`${name} has a new password`);
    }
    await removeAccount(file, name);
    return done(`Removed ${name}; its mail stays in ${configuration.delivery.mailDirectory}`);
  },
};

type Verb = 'add' | 'list' | 'passwd' | 'remove';

const VERBS: readonly string[] = ['add', 'list', 'passwd', 'remove'] satisfies Verb[];

/** @throws ExitError `usage` */
function readOrder({ positionals, values }: Arguments): {
  readonly verb: Verb;
  readonly name: string;
} {
  const [verb = '', name = '', ...more] = positionals;
  if (!isVerb(verb)) {
    const text = verb === '' ? 'Say what to do' : `There is no user command ${verb}`;
    throw wrongUse(`${text}: write ${VERBS.join(', ')}`, USAGE);
  }
  const extra = verb === 'list' ? positionals.slice(1) : more;
  if (extra.length > 0) throw wrongUse(`user ${verb} does not take ${extra.join(' ')}`, USAGE);
  if (verb === 'list') return { verb, name };
  if (name === '') throw wrongUse(`user ${verb} wants the name of an account`, USAGE);
  if (values['json'] === true) throw wrongUse('--json goes with user list only', USAGE);
  return { verb, name };
}

function isVerb(text: string): text is Verb {
  return VERBS.includes(text);
}

/**
 * Nobody should be asked for a password that cannot be used; the file's own check, which
 * decides, comes when the password is known.
 */
async function refuseInVain(
  file: AccountsFile,
  name: string,
  verb: 'add' | 'passwd',
): Promise<void> {
  const mailbox = parseAccountName(name);
  if (mailbox === undefined) {
    const text = `${name} can be no account: a name is an address like alice@example.com`;
    throw new ExitError('data', text);
  }
  const canonical = formatMailbox(mailbox);
  const isThere = (await listAccounts(file)).includes(canonical);
  if (isThere && verb === 'add') {
    const text = `There is an account ${canonical} already; "posthouse user passwd" gives it another password`;
    throw new ExitError('data', text);
  }
  if (!isThere && verb === 'passwd') {
    const text = `There is no account ${canonical}: "posthouse user list" names all, "user add" makes one`;
    throw new ExitError('data', text);
  }
}

async function add(name: string, configuration: Configuration): Promise<number> {
  requireOwnDomain(name, configuration);
  await createDisk().directories.ensure(configuration.server.stateDirectory, 0o700);
  const file = { path: configuration.directory.accountsFile };
  await refuseInVain(file, name, 'add');
  return done(`Added ${await addAccount(file, name, await readPassword())}`);
}

function list(names: readonly string[], given: Arguments): number {
  if (given.values['json'] === true) return done(JSON.stringify(names));
  if (names.length > 0) return done(names.join('\n'));
  tellEmpty(given, 'There are no accounts yet: add one with "posthouse user add NAME"');
  return EXIT.ok;
}

function done(text: string): number {
  process.stdout.write(`${text}\n`);
  return EXIT.ok;
}

/** An account of another domain could log in but never get mail. */
function requireOwnDomain(name: string, { directory }: Configuration): void {
  const mailbox = parseAccountName(name);
  if (mailbox === undefined || directory.domains.includes(mailbox.domain)) return; // the file's own check tells more
  const own = directory.domains.join(', ');
  throw new ExitError('data', `${mailbox.domain} is none of our domains (domains.own is ${own})`);
}

async function readPassword(): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  if (isTerminal) process.stderr.write('New password (it is not shown): ');
  // A terminal echoes what readline is told to; without output it echoes nothing.
  const lines = createInterface({ input: process.stdin, terminal: isTerminal });
  try {
    for await (const line of lines) {
      if (isTerminal) process.stderr.write('\n');
      return line;
    }
  } finally {
    lines.close();
  }
  throw new ExitError('data', 'There is no password on standard input: give it as one line');
}
