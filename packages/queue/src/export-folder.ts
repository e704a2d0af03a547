/**
 * Queued messages in a folder, and back: `messages.ndjson` with one line for each,
 * and `<queue id>.eml` with its content.
 *
 * Exporting takes nothing out of the queue: hold what you export, or its mail may go
 * out from both. Importing checks each content against its digest, and takes a message
 * once however often it is imported; a line that is wrong is told and passed over.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '@posthouse/mail';
import { acceptedEvents } from './accepted-event.ts';
import { DurableFsError, isFault, openDurableWriter, readRange } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { exportedRecipient, formatExported, parseExported } from './exported-message.ts';
import type { ExportedMessage } from './exported-message.ts';
import type { MessageRecord, RecipientRecord } from './record.ts';
import type { RoutePlanner } from './route.ts';
import { StoreError } from './store.ts';
import type { AcceptResult, Selection, Store } from './store.ts';
import { walk } from './walk.ts';

const LIST = 'messages.ndjson';

/** Writes what the selection names into an empty folder, made where it is missing. @returns how many messages */
export async function exportTo(
  folder: string,
  selection: Selection,
  { store, disk }: { readonly store: Store; readonly disk: Disk },
): Promise<number> {
  await disk.directories.ensure(folder);
  const list = await openDurableWriter(disk, join(folder, LIST)).catch((cause: unknown) => {
    if (!isFault(cause, 'exists')) throw cause;
    const reason = 'there is an export already, name another folder';
    throw new DurableFsError('exists', { operation: 'export', path: folder }, reason, cause);
  });
  let count = 0;
  try {
    for await (const { id, recipients } of messagesOf(store, selection)) {
      const message = await store.message(id);
      if (message === undefined) continue; // it left the queue meanwhile
      await writeContent(join(folder, `${id}.eml`), message, { store, disk });
      const { content: _content, prefix, ...summary } = message;
      const exported = recipients.map(exportedRecipient);
      const line = { message: summary, prefixBytes: prefix.byteLength, recipients: exported };
      await list.write(Buffer.from(`${formatExported(line)}\n`));
      count += 1;
    }
    await list.finish();
    await disk.directories.sync(folder);
    return count;
  } catch (error) {
    await list.discard();
    throw error;
  }
}

/** What became of one line. */
export type Imported =
  | { readonly kind: AcceptResult; readonly line: number; readonly id: MessageRecord['id'] }
  | { readonly kind: 'refused'; readonly line: number; readonly reason: string };

/** Takes what stands in a folder into the queue. @throws StoreError, DurableFsError for the list itself */
export async function* importFrom(
  folder: string,
  deps: {
    readonly store: Store;
    readonly disk: Disk;
    readonly planner: RoutePlanner;
    readonly clock: Clock;
  },
): AsyncGenerator<Imported, void, void> {
  let number = 0;
  for await (const line of linesOf(folder, deps.disk)) {
    number += 1;
    if (line === '') continue;
    try {
      const exported = parseExported(line);
      const { id } = exported.message;
      const kind = await take(join(folder, `${id}.eml`), exported, deps);
      yield { kind, line: number, id };
    } catch (error) {
      if (error instanceof StoreError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      yield { kind: 'refused', line: number, reason };
    }
  }
}

/** The recipients that a selection names, message by message. */
async function* messagesOf(
  store: Store,
  selection: Selection,
): AsyncGenerator<{ readonly id: MessageRecord['id']; readonly recipients: RecipientRecord[] }> {
  let current: { id: MessageRecord['id']; recipients: RecipientRecord[] } | undefined;
  for await (const { message, recipient } of walk(store, selection)) {
    if (current?.id === message.id) {
      current.recipients.push(recipient);
      continue;
    }
    if (current !== undefined) yield current;
    current = { id: message.id, recipients: [recipient] };
  }
  if (current !== undefined) yield current;
}

async function writeContent(
  path: string,
  message: MessageRecord,
  { store, disk }: { readonly store: Store; readonly disk: Disk },
): Promise<void> {
  const writer = await openDurableWriter(disk, path);
  try {
    await writer.write(message.prefix);
    for await (const chunk of store.open(message.id)) await writer.write(chunk);
    await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

async function take(
  path: string,
  { message, prefixBytes, recipients }: ExportedMessage,
  deps: Parameters<typeof importFrom>[1],
): Promise<AcceptResult> {
  const { store, disk, planner, clock } = deps;
  const prefix: Uint8Array[] = [];
  for await (const chunk of readRange(disk, path, 0, prefixBytes)) prefix.push(chunk);
  const stage = store.stage(message.sizeBytes);
  const digest = createHash('sha256');
  try {
    for await (const chunk of readRange(disk, path, prefixBytes, message.sizeBytes)) {
      digest.update(chunk);
      await stage.write(chunk);
    }
    const { pointer: content } = await stage.end();
    if (digest.digest('hex') !== message.digest) {
      throw new TypeError(`${message.id}: the content was changed`);
    }
    const [result = 'taken'] = await store.accept([
      {
        message: { ...message, prefix: Buffer.concat(prefix), content },
        recipients: recipients.map((recipient) => {
          const { lane, site } = planner.plan(recipient.forwardPath, message);
          return { ...recipient, message: message.id, lane, site };
        }),
        events: acceptedEvents(message, recipients, { at: clock.now(), reason: 'imported' }),
      },
    ]);
    return result;
  } finally {
    await stage.discard(); // without effect on what was accepted
  }
}

async function* linesOf(folder: string, disk: Disk): AsyncGenerator<string, void, void> {
  const path = join(folder, LIST);
  const { sizeBytes } = await disk.fileSystem.stat(path).catch((cause: unknown) => {
    if (!isFault(cause, 'missing')) throw cause;
    const reason = `there is no ${LIST}, name a folder that was exported`;
    throw new DurableFsError('missing', { operation: 'import', path: folder }, reason, cause);
  });
  let rest = Buffer.alloc(0);
  for await (const chunk of readRange(disk, path, 0, sizeBytes)) {
    let octets = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = octets.indexOf(10); end !== -1; end = octets.indexOf(10)) {
      yield octets.toString('utf8', 0, end);
      octets = octets.subarray(end + 1);
    }
    rest = octets;
  }
  if (rest.length > 0) yield rest.toString('utf8');
}
