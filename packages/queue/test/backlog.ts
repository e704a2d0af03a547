/** A backlog put straight into a store, as one finds it after a start. */
import { newTransactionId, NO_PARAMS } from '@posthouse/mail';
import { mailbox, testContext } from '@posthouse/testkit';
import type { NewMessage, Store } from '../src/index.ts';

export const BACKLOG_BYTES: Buffer = Buffer.from('Subject: backlog\r\n\r\n.\r\n');

export interface Backlog {
  readonly domain: string;
  readonly messages: number;
  /** @default 1 */
  readonly recipientsEach?: number;
  /** @default 'author@example.test' */
  readonly from?: string;
  readonly at: number;
}

/** Accepts messages, due at once, none leased. */
export async function putBacklog(store: Store, backlog: Backlog): Promise<void> {
  for (let n = 0; n < backlog.messages; n++) await store.accept([backlogMessage(backlog, n)]);
}

function backlogMessage(backlog: Backlog, n: number): NewMessage {
  const { domain, recipientsEach = 1, from = 'author@example.test', at } = backlog;
  const id = newTransactionId(at);
  return {
    message: {
      id,
      reversePath: mailbox(from),
      params: NO_PARAMS,
      origin: testContext({ arrivedAt: at }),
      prefix: new Uint8Array(),
      content: { kind: 'inline', bytes: BACKLOG_BYTES },
      sizeBytes: BACKLOG_BYTES.byteLength,
      priority: recipientsEach > 10 ? 'bulk' : 'interactive',
      acceptedAt: at,
    },
    recipients: Array.from({ length: recipientsEach }, (_, index) => ({
      message: id,
      index,
      forwardPath: mailbox(`r${n}-${index}@${domain}`),
      params: NO_PARAMS,
      state: 'queued',
      lane: domain,
      site: domain,
      attempts: 0,
      dueAt: at,
      delayTold: false,
    })),
    events: [],
  };
}
