/** All subcommands, in the order of the help, loaded when they are called. */
import type { Command } from './command.ts';

/** A command before it is loaded. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
  entry('up', 'run the full stack (the default)', async () => (await import('./up.ts')).up),
  entry('check', 'check a configuration file', async () => (await import('./check.ts')).check),
  entry(
    'reload',
    'let a running stack read its files again',
    async () => (await import('./reload.ts')).reload,
  ),
  entry(
    'user',
    'add, list and remove accounts, set passwords',
    async () => (await import('./user.ts')).user,
  ),
  entry(
    'queue',
    'list, show, hold, release, retry and remove queued mail',
    async () => (await import('./queue.ts')).queue,
  ),
  entry(
    'explain',
    'tell what would become of mail for an address, and why',
    async () => (await import('./explain.ts')).explain,
  ),
  entry('trace', 'tell what became of a message', async () => (await import('./trace.ts')).trace),
  entry(
    'tls-report',
    'show how TLS went with the mail hosts of other domains',
    async () => (await import('./tls-report.ts')).tlsReport,
  ),
  entry('send', 'write and send a message', async () => (await import('./send.ts')).send),
  entry(
    'read',
    'list and show the messages of a mailbox',
    async () => (await import('./read.ts')).read,
  ),
  entry(
    'sendmail',
    'send for cron, PHP, git and mutt: the sendmail command',
    async () => (await import('./sendmail.ts')).sendmail,
  ),
  entry(
    'doctor',
    'look at a submission server as a mail program would',
    async () => (await import('./doctor.ts')).doctor,
  ),
]);

function entry(
  name: string,
  summary: string,
  load: () => Promise<Command>,
): [string, CommandEntry] {
  return [name, { summary, load }];
}
