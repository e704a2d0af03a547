/**
 * The `sendmail` command: from argv to the exit code.
 *
 * Called by cron, PHP, git, mutt and mailx in place of /usr/sbin/sendmail; `mailq` and
 * `newaliases` are other names of it. Modules are loaded as they are needed, because
 * a program that is started for each message must be quick.
 */
import { createDisk } from '@posthouse/durable-fs';
import { displayMailbox, NULL_PATH, silentLogger, systemClock } from '@posthouse/mail';
import { findCaller } from './caller.ts';
import { readCommandLine } from './command-line.ts';
import type { SendmailCall } from './command-line.ts';
import { SendmailError } from './exit.ts';
import type { SendmailExit } from './exit.ts';
import { send } from './send.ts';
import type { SendmailPlace } from './send.ts';
import type { SendmailSettings } from './settings.ts';
import { createSpool } from './spool.ts';
import { listEnvelopes, listSpoolDirectories, readEntry } from './spool-walk.ts';
import type { SpoolEntry } from './spool-walk.ts';

const USAGE = `Usage: sendmail [options] [--] RECIPIENT...
       sendmail -t [options]        recipients from To, Cc and Bcc

Sends the message on standard input. Where nobody takes it now it is kept in a spool and
handed on later, which is success (0).

  -i, -oi        a line that is a dot is text, not the end
  -f ADDRESS     author of the envelope (also -r); <> for none
  -F NAME        full name, for a From field that is missing
  -N WHEN        notifications: never, or any of success,failure,delay
  -R full|hdrs   what a notification returns        -V ID  its envelope id
  -B TYPE        7BIT or 8BITMIME
  -oem, -oeq     tell refusals by mail; not at all. Else on standard error
  -odq           keep it in the spool for now
  -bs            SMTP on standard input and output
  -bp            list the spool (as mailq does)     -q     hand the spool on now
  -C FILE        configuration; else $POSTHOUSE_CONFIG, else /etc/posthouse/posthouse.toml
                 (called as "posthouse sendmail": posthouse.toml of this directory)

Exit codes: 0 taken or kept; 64 wrong use; 65 data; 67 no such user; 68 no such domain;
69 refused; 75 try again; 77 not permitted; 78 configuration.`;

/** What the executable brings. */
export interface SendmailProgram {
  /** Under which it was called: `sendmail`, `mailq`, `newaliases`. */
  readonly name: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @param configFile what `-C` names */
  readSettings(configFile: string | undefined): Promise<SendmailSettings>;
  /** What a person is told of an error that is not ours. */
  explain(error: unknown): { readonly text: string };
}

/** Runs it on the standard streams. Never throws. */
export async function sendmail(
  argv: readonly string[],
  program: SendmailProgram,
): Promise<SendmailExit> {
  try {
    return await carryOut(readCommandLine(argv, program.name), program);
  } catch (error) {
    if (error instanceof SendmailError) {
      complain(error.message);
      return error.exit;
    }
    complain(program.explain(error).text);
    return 'tempFail'; // the caller has the message still
  }
}

async function carryOut(call: SendmailCall, program: SendmailProgram): Promise<SendmailExit> {
  switch (call.kind) {
    case 'help':
      print(USAGE);
      return 'ok';
    case 'wrong':
      complain(`${call.text}\n\n${USAGE}`);
      return 'usage';
    case 'aliases':
      print('Aliases stand in [aliases] of posthouse.toml; "posthouse reload" puts them in use');
      return 'ok';
    case 'list':
    case 'run':
    case 'send':
    case 'smtp': {
      const place = await findPlace(call.configFile, program);
      if (call.kind === 'list') return list(place);
      if (call.kind === 'run') return run(place);
      if (call.kind === 'send') return send(call, place);
      const { speakSmtp } = await import('./smtp-session.ts');
      await speakSmtp(process.stdin, process.stdout, place);
      return 'ok';
    }
  }
}

async function findPlace(
  configFile: string | undefined,
  program: SendmailProgram,
): Promise<SendmailPlace> {
  const [settings, caller] = await Promise.all([
    configured(configFile, program),
    findCaller(program.environment),
  ]);
  const { access, spoolDirectory: directory } = settings;
  process.umask(access === 'everybody' ? 0o007 : 0o077);
  const disk = createDisk();
  return {
    settings,
    caller,
    disk,
    spool: createSpool({ directory, access, uid: caller.uid }, disk),
    clock: systemClock,
    logger: silentLogger,
    input: process.stdin,
    print,
    complain,
  };
}

/** @throws SendmailError `configuration` */
async function configured(
  configFile: string | undefined,
  program: SendmailProgram,
): Promise<SendmailSettings> {
  try {
    return await program.readSettings(configFile);
  } catch (error) {
    throw new SendmailError('configuration', program.explain(error).text, error);
  }
}

/** Hands the caller's messages on; the administrator everybody's. */
async function run({ caller, settings, spool, ...deps }: SendmailPlace): Promise<SendmailExit> {
  const [{ handOn }, { dialConveyor }] = await Promise.all([
    import('./hand-on.ts'),
    import('./conveyor.ts'),
  ]);
  const { hostname, spoolDirectory: directory, target } = settings;
  if (target === undefined) {
    complain('Nobody is named who takes mail: set sendmail.next_hop, or sendmail.socket');
    return 'configuration';
  }
  const conveyor = dialConveyor(target, deps);
  const uid = caller.uid === 0 ? undefined : caller.uid;
  const signal = new AbortController().signal;
  try {
    const { kept } = await handOn({ directory, uid, hostname, spool, conveyor, signal }, deps);
    return kept === 0 ? 'ok' : 'tempFail';
  } finally {
    await conveyor.close();
  }
}

async function list({ caller, disk, settings }: SendmailPlace): Promise<SendmailExit> {
  let count = 0;
  for (const directory of await listSpoolDirectories(settings.spoolDirectory)) {
    const isOurs = caller.uid === 0 || directory.uid === caller.uid;
    if (!isOurs) continue;
    for await (const id of listEnvelopes(directory, disk)) {
      const entry = await readEntry(directory, id);
      if (entry === undefined) continue;
      count++;
      print(entryText(entry));
    }
  }
  if (count === 0) print('Mail queue is empty');
  print('Mail that the relay has taken: posthouse queue list');
  return 'ok';
}

function entryText(entry: SpoolEntry): string {
  if (entry.kind === 'unreadable') return `${entry.id}  unreadable: ${entry.reason}`;
  const { content, message } = entry;
  const { reversePath } = message;
  const from = reversePath === NULL_PATH ? '<>' : displayMailbox(reversePath);
  const when = new Date(message.takenAt).toISOString();
  const people = message.recipients.map((one) => `    ${displayMailbox(one.forwardPath)}`);
  const trouble = message.trouble === undefined ? [] : [`    (${message.trouble})`];
  return [`${message.id}  ${content.sizeBytes}  ${when}  ${from}`, ...trouble, ...people].join(
    '\n',
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`sendmail: ${text}\n`);
}
