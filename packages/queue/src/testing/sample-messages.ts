/** Messages for the contract suite, with what a check cares for put in. */
import { newTraceId, newTransactionId, NO_PARAMS, parseMailbox, NULL_PATH } from '@posthouse/mail';
import type { Mailbox, MessageId, RcptParams, ReversePath } from '@posthouse/mail';
import type { NewEvent } from '../event.ts';
import type { Lease, Priority, QueueId, RecipientKey, RecipientRecord } from '../record.ts';
import type {
  Claimed,
  ClaimRequest,
  LeasedKey,
  NewMessage,
  RecipientChange,
  StagedContent,
  Store,
} from '../store.ts';

/** When the checks begin. */
export const NOW: number = Date.UTC(2026, 0, 1);

/** A minute, and longer than any check lasts. */
export const MINUTE = 60_000;

export interface SampleRecipient {
  readonly address: string;
  /** @default the address's domain */
  readonly lane?: string;
  /** @default the lane */
  readonly site?: string;
  /** @default NOW */
  readonly dueAt?: number;
  readonly params?: RcptParams;
  readonly lease?: Lease;
  readonly state?: RecipientRecord['state'];
}

export interface SampleMessage {
  readonly recipients: readonly (SampleRecipient | string)[];
  readonly id?: QueueId;
  readonly reversePath?: string;
  readonly messageId?: MessageId;
  /** @default interactive */
  readonly priority?: Priority;
  readonly acceptedAt?: number;
  readonly content?: StagedContent;
}

let made = 0;

/** An id that sorts behind all that were made before. */
export function nextId(): QueueId {
  made += 1;
  return newTransactionId(NOW + made);
}

/** A new message, with an event `accepted` for each recipient. */
export function sampleMessage(sample: SampleMessage): NewMessage {
  const id = sample.id ?? nextId();
  const content = sample.content ?? stagedText(`Subject: ${id}\r\n\r\nhello\r\n`);
  const at = sample.acceptedAt ?? NOW;
  const recipients = sample.recipients.map((recipient, index) =>
    recipientOf(id, index, typeof recipient === 'string' ? { address: recipient } : recipient),
  );
  return {
    message: {
      id,
      reversePath: pathOf(sample.reversePath ?? 'author@example.test'),
      params: { ret: 'HDRS', smtpUtf8: true },
      origin: {
        protocol: 'esmtp',
        peer: { address: '192.0.2.1', port: 40_000, name: 'client.example.test' },
        greeting: 'client.example.test',
        tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', verified: false },
        identity: { account: 'author@example.test', mechanism: 'PLAIN' },
        arrivedAt: at - 5,
        traceId: newTraceId(),
      },
      prefix: Buffer.from('Received: from client.example.test\r\n'),
      content: content.pointer,
      sizeBytes: content.sizeBytes,
      ...(sample.messageId === undefined ? {} : { messageId: sample.messageId }),
      tlsOptional: true,
      priority: sample.priority ?? 'interactive',
      acceptedAt: at,
    },
    recipients,
    events: recipients.map((recipient) => sampleEvent(recipient, 'accepted', at)),
  };
}

export function sampleEvent(key: RecipientKey, kind: NewEvent['kind'], at: number = NOW): NewEvent {
  return { kind, message: key.message, index: key.index, at };
}

/** Content as a stage would give it back. */
function stagedText(text: string): Omit<StagedContent, 'release'> {
  const bytes = Buffer.from(text);
  return { pointer: { kind: 'inline', bytes }, sizeBytes: bytes.byteLength };
}

/** Puts bytes through a stage, in chunks whose memory is used again. */
export async function stageBytes(store: Store, bytes: Uint8Array): Promise<StagedContent> {
  const stage = store.stage(bytes.byteLength);
  const scratch = new Uint8Array(30_011);
  for (let at = 0; at < bytes.byteLength; at += scratch.byteLength) {
    const piece = bytes.subarray(at, at + scratch.byteLength);
    scratch.set(piece);
    await stage.write(scratch.subarray(0, piece.byteLength));
    scratch.fill(0);
  }
  return stage.end();
}

/** Everything that can be read of a message's content. */
export async function readBytes(store: Store, id: QueueId): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.open(id)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A claim of everything due now, but for what is said. */
export function claimRequest(request: Partial<ClaimRequest> = {}): ClaimRequest {
  const now = request.now ?? NOW;
  return {
    owner: 'relay-1',
    now,
    leaseUntil: now + MINUTE,
    limit: 1000,
    perLaneLimit: 1000,
    excludeLanes: [],
    excludeSites: [],
    ...request,
  };
}

export async function claim(
  store: Store,
  request: Partial<ClaimRequest> = {},
): Promise<readonly RecipientRecord[]> {
  return recipientsOf(await store.claim(claimRequest(request)));
}

export function recipientsOf(claimed: readonly Claimed[]): readonly RecipientRecord[] {
  return claimed.flatMap(({ recipients }) => recipients);
}

/** The recipient under its lease. @throws TypeError where it has none */
export function leased(recipient: RecipientRecord | undefined): LeasedKey {
  if (recipient?.lease === undefined) throw new TypeError('not leased');
  const { message, index, lease } = recipient;
  return { message, index, token: lease.token };
}

/** An attempt's end that leaves the recipient in the queue; due in a minute, if nothing else is said. */
export function again(
  recipient: RecipientRecord,
  facts: Partial<Extract<RecipientChange, { readonly kind: 'again' }>> = {},
): RecipientChange {
  return {
    ...leased(recipient),
    kind: 'again',
    dueAt: NOW + MINUTE,
    lane: recipient.lane,
    site: recipient.site,
    delayTold: false,
    counts: true,
    ...facts,
  };
}

/** The decided end. */
export function done(recipient: RecipientRecord): RecipientChange {
  return { ...leased(recipient), kind: 'done' };
}

/** The recipients' local-parts, for assertions. */
export function names(recipients: readonly RecipientRecord[]): readonly string[] {
  return recipients.map((recipient) => recipient.forwardPath.localPart);
}

/** The local-parts of all that a selection names. */
export async function listed(
  store: Store,
  selection: Parameters<Store['list']>[0] = {},
): Promise<readonly string[]> {
  const entries = await store.list(selection, { limit: 10_000 });
  return names(entries.map((entry) => entry.recipient));
}

function recipientOf(message: QueueId, index: number, sample: SampleRecipient): RecipientRecord {
  const forwardPath = mailboxOf(sample.address);
  const lane = sample.lane ?? forwardPath.domain;
  return {
    message,
    index,
    forwardPath,
    params: sample.params ?? NO_PARAMS,
    state: sample.state ?? 'queued',
    lane,
    site: sample.site ?? lane,
    attempts: sample.lease === undefined ? 0 : 1,
    dueAt: sample.dueAt ?? NOW,
    delayTold: false,
    ...(sample.lease === undefined ? {} : { lease: sample.lease }),
  };
}

function pathOf(text: string): ReversePath {
  return text === NULL_PATH ? NULL_PATH : mailboxOf(text);
}

function mailboxOf(text: string): Mailbox {
  const mailbox = parseMailbox(text);
  if (mailbox === undefined) throw new TypeError(`no mailbox: ${text}`);
  return mailbox;
}
