/** Fates and reports for tests, with what the test cares for put in. */
import {
  contentOf,
  enhancedStatus,
  parseStatus,
  parseTransactionId,
  readReply,
} from '@posthouse/mail';
import type {
  Delayed,
  EnhancedStatus,
  Failed,
  MailParams,
  Mailbox,
  RecipientOutcome,
  Relayed,
  TransactionId,
} from '@posthouse/mail';
import { domain, mailbox } from '@posthouse/testkit';
import { decideNotifications, readReturnedContent } from '@posthouse/dsn';
import type { DsnReport, Expanded, Notification, RecipientFate } from '@posthouse/dsn';

export const ALICE: Mailbox = mailbox('alice@example.org');
export const BOB: Mailbox = mailbox('bob@example.net');
export const POSTMASTER: Mailbox = mailbox('postmaster@relay.test');
export const AT: number = Date.UTC(2026, 0, 12, 9, 15, 30);

/** A status from its text. */
export function status(text: string): EnhancedStatus {
  const parsed = parseStatus(text);
  if (parsed === undefined) throw new TypeError(`no status: ${text}`);
  return parsed;
}

export function queueId(text: string): TransactionId {
  const id = parseTransactionId(text);
  if (id === undefined) throw new TypeError(`no queue id: ${text}`);
  return id;
}

const HOST = { name: 'mx1.example.net', address: '192.0.2.25' };

export const FAILED: Failed = {
  kind: 'failed',
  status: enhancedStatus(5, 1, 1),
  reply: readReply(550, ['5.1.1 <bob@example.net>: no such user here']),
  host: HOST,
  reason: '550 5.1.1 <bob@example.net>: no such user here',
  proof: 'peer-reply',
};

export const DELAYED: Delayed = {
  kind: 'delayed',
  status: enhancedStatus(4, 4, 1),
  reason: 'mx1.example.net did not answer',
};

export const DELIVERED: RecipientOutcome = { kind: 'delivered', status: enhancedStatus(2, 1, 5) };

export const RELAYED: Relayed = {
  kind: 'relayed',
  status: enhancedStatus(2, 0, 0),
  reply: readReply(250, ['2.0.0 Ok: queued as 12345']),
  host: HOST,
  notifies: false,
};

export const EXPANDED: Expanded = { kind: 'expanded', status: enhancedStatus(2, 1, 5) };

/** A fate of Bob's. */
export function fate(
  outcome: RecipientFate['outcome'],
  facts: Partial<RecipientFate> = {},
): RecipientFate {
  return { forwardPath: BOB, params: {}, outcome, ...facts };
}

export interface ReportFacts {
  readonly fates?: readonly RecipientFate[];
  readonly notification?: Notification;
  readonly params?: MailParams;
  readonly content?: string | Buffer;
  readonly facts?: Partial<DsnReport>;
}

export const CONTENT =
  'From: alice@example.org\r\nSubject: Lunch on Friday\r\nMessage-ID: <lunch@example.org>\r\n\r\nAt noon?\r\n';

/** The report of what the fates call for. */
export async function reportOf(given: ReportFacts): Promise<DsnReport> {
  const params = given.params ?? {};
  const wanted = { notify: ['success', 'failure', 'delay'] } as const;
  const fates = (given.fates ?? [fate(FAILED)]).map((one) => ({
    ...one,
    params: { ...wanted, ...one.params },
  }));
  const notification = given.notification ?? decideNotifications({ reversePath: ALICE }, fates)[0];
  if (notification === undefined) throw new TypeError('nothing to report');
  const content = contentOf(Buffer.from(given.content ?? CONTENT));
  return {
    notification,
    message: {
      id: queueId('1234567890BCDFGHJKL'),
      params,
      origin: { greeting: 'laptop.example.org' },
      acceptedAt: AT,
    },
    returned: await readReturnedContent(content, { kind: notification.kind, params }),
    reportingMta: domain('relay.test'),
    id: queueId('0987654321ZYXWVTSRQ'),
    madeAt: AT + 60_000,
    ...given.facts,
  };
}
