/** What lies in the mailboxes of a system, and waiting for it by the log. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDsn } from '@posthouse/dsn';
import type { ReadReport } from '@posthouse/dsn';
import { fieldValues, readHeaderSection } from '@posthouse/mail';
import type { LogEvent } from '@posthouse/testkit';
import { expect } from 'vitest';
import type { Replies } from './author.ts';
import type { MailSystem } from './mail-system.ts';

/** A message in a Maildir. */
export interface StoredMessage {
  readonly path: string;
  readonly text: string;
  /** The names of its header fields in their order, in lower case. */
  readonly fields: readonly string[];
  /** The values of all fields of a name. */
  values(name: string): readonly string[];
}

/**
 * Waits until a message that was sent lies in the mailbox of a recipient, and reads it.
 * @param entry the agent that took it from outside
 */
export async function arrival(
  system: MailSystem,
  sent: Replies,
  recipient: string,
  entry: 'relay' | 'submission' = 'submission',
): Promise<StoredMessage> {
  const { traceId } = await acceptance(system, sent, entry);
  const { path } = await system.logs.delivery.next('delivered', { traceId, recipient });
  return readStored(String(path));
}

/** What the log says of a message that was sent and accepted. */
export async function acceptance(
  system: MailSystem,
  sent: Replies,
  entry: 'relay' | 'submission' = 'submission',
): Promise<LogEvent> {
  const queueId = / as (\S+)$/.exec(sent.data ?? '')?.[1];
  if (queueId === undefined) throw new TypeError(`it was not accepted: ${JSON.stringify(sent)}`);
  const known = system.logs[entry].events.find(
    (event) => event['event'] === 'message-accepted' && event['queueId'] === queueId,
  );
  return known ?? system.logs[entry].next('message-accepted', { queueId });
}

/** Waits until an author has got a notification, and reads it. */
export async function notification(
  system: MailSystem,
  recipient: string,
): Promise<StoredMessage & { readonly report: ReadReport }> {
  const { path } = await system.logs.delivery.next('delivered', { recipient, reversePath: '<>' });
  const message = await readStored(String(path));
  const report = await readDsn(Buffer.from(message.text.replaceAll('\n', '\r\n')));
  if (report === undefined) throw new TypeError(`this is no notification: ${message.text}`);
  return { ...message, report };
}

/** The notification that says the end; one of a delay may come before it. */
export async function lastNotification(
  system: MailSystem,
  recipient: string,
): ReturnType<typeof notification> {
  for (;;) {
    const found = await notification(system, recipient);
    if (found.report.recipients.every(({ action }) => action !== 'delayed')) return found;
  }
}

/** All messages in `new` of an account, or of one of its folders. */
export async function newMail(
  system: MailSystem,
  account: string,
  folder = '',
): Promise<readonly StoredMessage[]> {
  const directory = join(system.maildir(account), folder, 'new');
  const names = await readdir(directory).catch(() => []);
  return Promise.all(names.map((name) => readStored(join(directory, name))));
}

/** Reads a message of a Maildir. */
export async function readStored(path: string): Promise<StoredMessage> {
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain('\r');
  const section = readHeaderSection(Buffer.from(text.replaceAll('\n', '\r\n')));
  return {
    path,
    text,
    fields: section.fields.map((field) => field.name),
    values: (name) => fieldValues(section, name),
  };
}
