/** `posthouse read`: lists, shows, marks and moves the messages of a Maildir, and saves attachments. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import { parseAccountName } from '@posthouse/directory';
import { createDisk, isFault, openDurableWriter } from '@posthouse/durable-fs';
import type { ContentWriter } from '@posthouse/mail';
import { EXIT, ExitError, loadConfiguration } from '@posthouse/process';
import { createMaildirReader, MaildirError } from '@posthouse/user-agent';
import type {
  MaildirReader,
  MessageFlags,
  MessageSummary,
  ShownMessage,
} from '@posthouse/user-agent';
import {
  CONFIG_OPTION,
  expectNoMore,
  firstGiven,
  readArguments,
  textValue,
  wrongUse,
} from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { tellEmpty } from './print-lines.ts';
import { actAsOwner } from './state-owner.ts';

const USAGE = `Usage: posthouse read ACCOUNT|MAILDIR [NUMBER] [options]

Lists the newest messages of a mailbox, or shows the one with this number of the list. The
mailbox is an account's name, or the path of a Maildir.

  --folder NAME     another folder than the inbox; --folders lists them
  --search TEXT     only messages with this text in sender, recipients or subject
  --body TEXT       only messages with this text in their body
  --limit N         how many to list (20)
  --save DIRECTORY  with a number: save its attachments there
  --mark FLAGS      with a number: set seen, answered, flagged, draft, forwarded or trashed, clear
                    them with "un" in front (unseen); several with commas
  --move FOLDER     with a number: move it there; a folder that is not there is made
  --json            for programs
  --config FILE     configuration that says where mail lies`;

const OPTIONS = {
  ...CONFIG_OPTION,
  folder: { type: 'string' },
  folders: { type: 'boolean' },
  search: { type: 'string' },
  body: { type: 'string' },
  limit: { type: 'string' },
  save: { type: 'string' },
  mark: { type: 'string' },
  move: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const read: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, OPTIONS);
    if (given === undefined) return EXIT.ok;
    const { mailbox, number } = wantedOf(given);
    const directory = await maildirOf(mailbox, given);
    const reader = createMaildirReader({ directory });
    try {
      if (given.values['folders'] === true)
        return print(await reader.folders(), given, (name) => name);
      if (firstGiven(given, ['mark', 'move']) !== undefined) await actAsOwner(directory);
      const messages = await select(reader, given, Number(number ?? 0));
      if (number === undefined) return listAll(messages, given, mailbox);
      return await showOne(reader, messageAt(messages, number), given);
    } catch (error) {
      if (error instanceof MaildirError) throw new ExitError('data', error.message, error);
      throw error;
    }
  },
};

/** @throws ExitError `usage` for what is missing, and for options that would have no effect */
function wantedOf(given: Arguments): { readonly mailbox: string; readonly number?: string } {
  const [mailbox, number, ...more] = given.positionals;
  if (mailbox === undefined) throw wrongUse('ACCOUNT or MAILDIR is missing', USAGE);
  expectNoMore(more, USAGE);
  const change = firstGiven(given, ['mark', 'move']);
  const lost = change ?? firstGiven(given, ['save']);
  if (given.values['folders'] === true) {
    const idle = lost ?? firstGiven(given, ['folder', 'search', 'body', 'limit']);
    const name = idle === undefined ? number : `--${idle}`;
    if (name !== undefined) throw wrongUse(`--folders goes alone: leave ${name} out`, USAGE);
  }
  if (number === undefined) {
    if (lost !== undefined) throw wrongUse(`--${lost} wants the number of a message`, USAGE);
    return { mailbox };
  }
  if (!/^[1-9]\d{0,8}$/.test(number)) {
    throw wrongUse(`${number} is no number of a message: write one of the list`, USAGE);
  }
  if (change !== undefined && given.values['save'] !== undefined) {
    throw wrongUse(`--save and --${change} are two commands: give one after the other`, USAGE);
  }
  return { mailbox, number };
}

async function maildirOf(mailbox: string, given: Arguments): Promise<string> {
  if (parseAccountName(mailbox) === undefined || (await isDirectory(mailbox))) return mailbox;
  const named = textValue(given, 'config');
  const { configuration } = await loadConfiguration(named, readConfiguration);
  const account = parseAccountName(mailbox);
  const { domain = '', localPart = '' } = account ?? {};
  const directory = join(configuration.delivery.mailDirectory, domain, localPart, 'Maildir');
  if (await isDirectory(directory)) return directory;
  throw new ExitError('noInput', `${mailbox} has got no mail yet: there is no ${directory}`);
}

async function isDirectory(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  return status?.isDirectory() ?? false;
}

/** The list as far as it is asked for, and at least up to the message that is meant. */
async function select(
  reader: MaildirReader,
  given: Arguments,
  number: number,
): Promise<readonly MessageSummary[]> {
  const most = Number(textValue(given, 'limit') ?? 20);
  if (!Number.isInteger(most) || most < 1) throw wrongUse('--limit wants a number above 0', USAGE);
  const limit = Math.max(most, number);
  const folder = textValue(given, 'folder');
  const criteria = { words: textValue(given, 'search'), body: textValue(given, 'body') };
  const isSearch = criteria.words !== undefined || criteria.body !== undefined;
  const page = isSearch
    ? await reader.search(criteria, folder, { limit })
    : await reader.list(folder, { limit });
  return page.messages;
}

function messageAt(messages: readonly MessageSummary[], number: string): MessageSummary {
  const message = messages[Number(number) - 1];
  if (message !== undefined) return message;
  throw new ExitError('data', `There is no message ${number} in the list of ${messages.length}`);
}

function listAll(messages: readonly MessageSummary[], given: Arguments, mailbox: string): number {
  if (messages.length === 0 && given.values['json'] !== true) {
    tellEmpty(given, 'There are no messages here');
    return EXIT.ok;
  }
  const code = print(messages, given, listLine);
  if (process.stdout.isTTY && given.values['json'] !== true) {
    process.stderr.write(`\nShow one with: posthouse read ${mailbox} 1\n`);
  }
  return code;
}

function print<T>(
  items: readonly T[],
  given: Arguments,
  line: (item: T, index: number) => string,
): number {
  const text = given.values['json'] === true ? JSON.stringify(items) : items.map(line).join('\n');
  process.stdout.write(`${text}\n`);
  return EXIT.ok;
}

function listLine(message: MessageSummary, index: number): string {
  const from = message.from.map(shortName).join(', ');
  const when = new Date(message.arrivedAt).toISOString().slice(0, 16).replace('T', ' ');
  const mark = message.flags.seen ? ' ' : '*';
  return `${String(index + 1).padStart(3)} ${mark} ${when}  ${from.slice(0, 30).padEnd(30)}  ${message.subject}`;
}

/** A name that looks like an address would pass for one. */
function shortName({ address, name }: MessageSummary['from'][number]): string {
  return name === '' || name.includes('@') ? address : name;
}

async function showOne(
  reader: MaildirReader,
  message: MessageSummary,
  given: Arguments,
): Promise<number> {
  const directory = textValue(given, 'save');
  if (directory !== undefined) return save(reader, message, directory, given);
  const [flags, folder] = [textValue(given, 'mark'), textValue(given, 'move')];
  if (flags !== undefined) await reader.mark(message, flagsOf(flags));
  if (folder !== undefined) await reader.move(message, folder, { make: true });
  if (flags !== undefined || folder !== undefined) return EXIT.ok;
  const shown = await reader.show(message);
  process.stdout.write(
    given.values['json'] === true ? `${JSON.stringify(shown)}\n` : showText(shown),
  );
  return EXIT.ok;
}

/** Flags to set and to clear, as they are written. @throws ExitError `usage` */
function flagsOf(text: string): Partial<MessageFlags> {
  const change: { -readonly [K in keyof MessageFlags]?: boolean } = {};
  for (const word of text.toLowerCase().split(',')) {
    const name = FLAGS.find((flag) => word === flag || word === `un${flag}`);
    if (name === undefined)
      throw wrongUse(`There is no flag ${word}: write ${FLAGS.join(', ')}`, USAGE);
    change[name] = word === name;
  }
  return change;
}

const FLAGS = [
  'answered',
  'draft',
  'flagged',
  'forwarded',
  'seen',
  'trashed',
] as const satisfies readonly (keyof MessageFlags)[];

async function save(
  reader: MaildirReader,
  message: MessageSummary,
  directory: string,
  given: Arguments,
): Promise<number> {
  const saved = await reader.saveAttachments(message, ({ safeName }) =>
    newFile(join(directory, safeName)),
  );
  const paths = saved.map(({ safeName }) => join(directory, safeName));
  if (paths.length > 0 || given.values['json'] === true) return print(paths, given, (path) => path);
  tellEmpty(given, 'The message has no attachments');
  return EXIT.ok;
}

/** Never over a file that is there: the name is the author's choice. @throws ExitError */
async function newFile(path: string): Promise<ContentWriter> {
  try {
    const file = await openDurableWriter(createDisk(), path);
    return { write: (chunk) => file.write(chunk), end: () => file.finish() };
  } catch (error) {
    if (isFault(error, 'exists')) {
      const text = `There is a file ${path} already: name another directory, or take it away`;
      throw new ExitError('cannotCreate', text, error);
    }
    if (!isFault(error, 'missing')) throw error;
    throw new ExitError('noInput', `There is no directory ${dirname(path)} to save to`, error);
  }
}

function showText(shown: ShownMessage): string {
  const people = (name: string, list: MessageSummary['from']): readonly string[] =>
    list.length === 0
      ? []
      : [
          `${name}: ${list.map((who) => (who.name === '' ? who.address : `${who.name} <${who.address}>`)).join(', ')}`,
        ];
  const attachments = shown.attachments.map(
    ({ contentType, safeName }) => `[${safeName}, ${contentType}]`,
  );
  return `${[
    ...people('From', shown.from),
    ...people('To', shown.to),
    ...people('Cc', shown.cc),
    ...(shown.date === undefined ? [] : [`Date: ${new Date(shown.date).toUTCString()}`]),
    `Subject: ${shown.subject}`,
    '',
    shown.text.trimEnd(),
    ...(attachments.length === 0 ? [] : ['', ...attachments]),
  ].join('\n')}\n`;
}
