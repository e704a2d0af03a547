/** A directory with a few accounts, a delivery agent over any file system, and messages to send. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDirectory } from '@posthouse/directory';
import type { Directory, DirectoryOptions } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import type { FileSystem } from '@posthouse/durable-fs';
import { createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { VolatileFileSystem } from '@posthouse/durable-fs/testing';
import { contentOf, NO_PARAMS, parseDeliveryId, pour, silentLogger } from '@posthouse/mail';
import type {
  ForwardPath,
  LogFields,
  Logger,
  MailParams,
  MailReceiver,
  RecipientOutcome,
  TransferContext,
} from '@posthouse/mail';
import { createManualClock, mailbox, testContext } from '@posthouse/testkit';
import type { ManualClock } from '@posthouse/testkit';
import { createDelivery } from '../src/delivery.ts';
import type { Delivery } from '../src/delivery.ts';
import type { DeliveryOptions } from '../src/options.ts';

/** What stands behind an account's name in the accounts file, with a hash of no password that anybody knows. */
export const ACCOUNT_TAIL: string = `{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$${'c2FsdA'.repeat(3)}$${'A'.repeat(43)}::::::`;

export const ALICE: ForwardPath = mailbox('alice@example.test');
export const BOB: ForwardPath = mailbox('bob@example.test');

export const MESSAGE: Buffer = Buffer.from(
  'From: <carol@elsewhere.test>\r\nSubject: hello\r\n\r\nOne line.\r\n\r\nAnother.\r\n',
);
export const PREFIX: Buffer = Buffer.from('Received: from a by b;\r\n\tThu, 1 Jan 2026\r\n');

export async function createTestDirectory(
  options: Partial<DirectoryOptions> = {},
): Promise<Directory & { remove(): Promise<void> }> {
  const place = await mkdtemp(join(tmpdir(), 'posthouse-delivery-accounts-'));
  const accountsFile = join(place, 'accounts');
  const names = ['alice', 'bob', 'j\u00fcrgen'].map((name) => `${name}@example.test`);
  await writeFile(accountsFile, names.map((name) => `${name}:${ACCOUNT_TAIL}\n`).join(''));
  const directory = createDirectory(
    { domains: ['example.test'], accountsFile, ...options },
    { logger: silentLogger, clock: createManualClock() },
  );
  await directory.start();
  return { ...directory, remove: () => rm(place, { recursive: true }) };
}

export interface TestDeliveryOptions extends Partial<DeliveryOptions> {
  readonly directory: Pick<Directory, 'accountAt'>;
  readonly fileSystem: FileSystem;
  readonly boot?: string;
  readonly clock?: ManualClock;
  readonly logger?: Logger;
}

/** One process with a delivery agent: a disk of its own over the file system that is given. */
export function createTestDelivery(options: TestDeliveryOptions): Delivery {
  const { directory, fileSystem, boot = 'first', clock = earlyClock(), logger, ...rest } = options;
  return createDelivery(
    { hostname: 'mx.example.test', mailDirectory: '/mail', ...rest },
    { directory, clock, logger: logger ?? silentLogger, disk: createDisk(fileSystem), boot },
  );
}

/** A disk that forgets what was not synced, with renames as a journal keeps them. */
export function createTestDisk(): VolatileFileSystem {
  return createVolatileFileSystem({ renames: 'atomic' });
}

/** Files in memory have no time: they must not look as if their writers were dead. */
export function earlyClock(): ManualClock {
  return createManualClock(30_000);
}

/** Late enough for what lies in `tmp` to be nobody's. */
export function lateClock(): ManualClock {
  return createManualClock(100_000);
}

export interface Sending {
  readonly recipients?: readonly ForwardPath[];
  readonly content?: Buffer;
  readonly prefix?: Buffer;
  readonly params?: MailParams;
  readonly context?: Partial<TransferContext>;
}

/** One whole transaction. */
export async function send(
  receiver: MailReceiver,
  sending: Sending = {},
): Promise<readonly RecipientOutcome[]> {
  const { recipients = [ALICE], content = MESSAGE, prefix = PREFIX } = sending;
  const { params = NO_PARAMS, context = {} } = sending;
  const reversePath = mailbox('carol@elsewhere.test');
  const transaction = receiver.begin(reversePath, params, testContext(context));
  await transaction.opened;
  for (const recipient of recipients) await transaction.recipient(recipient, NO_PARAMS);
  await pour(contentOf(content), transaction.stage(prefix));
  return transaction.commit();
}

/** The context of an attempt that has a delivery id. */
export function attempt(id: string, repeat: boolean): Partial<TransferContext> {
  const deliveryId = parseDeliveryId(id);
  if (deliveryId === undefined) throw new TypeError(`no delivery id: ${id}`);
  return { delivery: { id: deliveryId, repeat } };
}

/** A logger that keeps its events. */
export function recordingLogger(): Logger & { readonly events: LogFields[] } {
  const events: LogFields[] = [];
  const keep = (fields: LogFields): void => void events.push(fields);
  return { events, debug: keep, info: keep, warn: keep, error: keep };
}

/** What a Maildir's file must hold for a message: LF line ends, trace fields in front. */
export function storedForm(recipient: string, content: Buffer = MESSAGE): string {
  const trace = `Return-Path: <carol@elsewhere.test>\r\nDelivered-To: ${recipient}\r\n`;
  return `${trace}${PREFIX.toString()}${content.toString()}`.replaceAll('\r\n', '\n');
}

/** The mail in a file system in memory, without our own files: text by path. */
export function mailIn(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries(
    [...files]
      .filter(([path]) => path.startsWith('/mail/') && !path.startsWith('/mail/.posthouse/'))
      .map(([path, bytes]) => [path, Buffer.from(bytes).toString()]),
  );
}
