/**
 * Copies of the one message in a stopped Posthouse's queue, accepted by its own store in
 * large batches: the records are those that it wrote itself, but for ids, numbers and times.
 */
import { formatMailbox, newTransactionId, parseMessageId, silentLogger } from '@posthouse/mail';
import { createSqliteStore } from '@posthouse/queue';
import type { MessageRecord, NewMessage, RecipientRecord, Store } from '@posthouse/queue';
import { numberText } from '../message.ts';
import { placeOfNumber, renumbered } from './copies.ts';
import type { Copies, NumberPlace } from './copies.ts';

/** Messages of one commit. */
const BATCH = 500;
const OWNER = 'bench';
const LEASE_MS = 60_000;

interface Original {
  readonly message: MessageRecord;
  readonly recipient: RecipientRecord;
  readonly content: Buffer;
  readonly place: NumberPlace;
}

/** Puts them in place of the original. @throws Error where the queue does not hold exactly one message */
export async function multiplyInStore(directory: string, copies: Copies): Promise<void> {
  const store = createSqliteStore({ directory }, { logger: silentLogger });
  await store.start();
  try {
    const original = await originalIn(store);
    // It was deferred with its lane, as nobody listened at the sink.
    await store.deferLane(original.recipient.lane, Date.now());
    for (let first = 1; first <= copies.messages; first += BATCH) {
      const count = Math.min(BATCH, copies.messages - first + 1);
      await store.accept(
        Array.from({ length: count }, (_, index) => copy(original, first + index)),
      );
      copies.made(first + count - 1);
    }
    await remove(original, store);
  } finally {
    await store.stop();
  }
}

async function originalIn(store: Store): Promise<Original> {
  const entries = await store.list({}, { limit: 2 });
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) throw new Error('there must be one message');
  const message = await store.message(entry.message.id);
  if (message === undefined) throw new Error('the message to copy is gone');
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.open(message.id)) chunks.push(chunk);
  const content = Buffer.concat(chunks);
  return { message, recipient: entry.recipient, content, place: placeOfNumber(content) };
}

function copy({ content, message, place, recipient }: Original, number: number): NewMessage {
  const at = Date.now();
  const id = newTransactionId(at);
  const bytes = renumbered(content, place, number);
  const messageId = parseMessageId(`<bench-backlog-${numberText(number)}@bench.test>`);
  const { forwardPath, lane, params, site } = recipient;
  return {
    message: {
      ...message,
      id,
      content: { kind: 'inline', bytes },
      ...(messageId !== undefined && { messageId }),
      acceptedAt: at,
    },
    recipients: [
      {
        message: id,
        index: 0,
        forwardPath,
        params,
        state: 'queued',
        lane,
        site,
        attempts: 0,
        dueAt: at,
        delayTold: false,
      },
    ],
    events: [
      { kind: 'accepted', message: id, index: 0, at, recipient: formatMailbox(forwardPath) },
    ],
  };
}

async function remove({ message }: Original, store: Store): Promise<void> {
  const now = Date.now();
  const lease = { owner: OWNER, now, leaseUntil: now + LEASE_MS, limit: 1 };
  const { claimed } = await store.claimSelected({ message: message.id }, lease);
  const changes = claimed.flatMap(({ recipients }) =>
    recipients.map(({ index, lease: held }) => {
      return { kind: 'done', message: message.id, index, token: held?.token ?? 0 } as const;
    }),
  );
  await store.conclude([{ changes, events: [], messages: [] }]);
}
