import { describe, expect, it } from 'vitest';
import {
  contentOf,
  createReply,
  enhancedStatus,
  MailError,
  NO_PARAMS,
  refuse,
} from '@posthouse/mail';
import type { MailParams, RcptParams } from '@posthouse/mail';
import {
  createRecordingReceiver,
  mailbox,
  recordedAddresses,
  testContext,
} from '@posthouse/testkit';
import type { ReceiverScript } from '@posthouse/testkit';
import { transmitToReceiver } from '../src/index.ts';
import type { Attempt, RecipientRecord } from '../src/index.ts';
import { putBacklog } from './backlog.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';

const CONTENT = Buffer.from('Subject: x\r\n\r\nbody\r\n');
const PREFIX = Buffer.from('X-Prefix: 1\r\n');
/** Of all that goes over the wire. */
const SIZE_BYTES = PREFIX.length + CONTENT.length;

async function attemptFor(
  addresses: readonly string[],
  params: { readonly mail?: MailParams; readonly rcpt?: RcptParams } = {},
): Promise<Attempt> {
  const store = createMemoryStore();
  await store.start();
  await putBacklog(store, { domain: 'example.net', messages: 1, at: 0 });
  const [entry] = await store.list({}, { limit: 1 });
  if (entry === undefined) throw new TypeError('one was put');
  const message = await store.message(entry.message.id);
  if (message === undefined) throw new TypeError('one was put');
  const recipients = addresses.map((address, index): RecipientRecord => ({
    ...entry.recipient,
    index,
    forwardPath: mailbox(address),
    params: params.rcpt ?? NO_PARAMS,
  }));
  return {
    message: { ...message, params: params.mail ?? NO_PARAMS },
    recipients,
    content: contentOf(CONTENT, PREFIX),
    context: testContext(),
    signal: new AbortController().signal,
  };
}

function receiverWith(script: ReceiverScript = {}) {
  const receiver = createRecordingReceiver(script);
  return { receiver, transmitter: transmitToReceiver(receiver) };
}

describe('a transmitter over a receiver', () => {
  it('hands over everything, and takes an acceptance for a relay', async () => {
    const { receiver, transmitter } = receiverWith();
    const notify: RcptParams = { notify: ['success'] };
    const attempt = await attemptFor(['bob@example.net', 'carol@example.net'], {
      mail: { ret: 'HDRS' },
      rcpt: notify,
    });
    const outcomes = await transmitter.transmit(attempt);
    expect(outcomes).toMatchObject([
      { kind: 'relayed', notifies: true, reply: { code: 250 } },
      { kind: 'relayed', notifies: true },
    ]);
    const [message] = receiver.messages;
    expect(message?.params).toEqual({ ret: 'HDRS', sizeBytes: SIZE_BYTES });
    expect(message?.recipients.map(({ params }) => params)).toEqual([notify, notify]);
    expect(Buffer.from(message?.content.prefix ?? []).toString()).toBe('X-Prefix: 1\r\n');
    expect(message?.bytes.toString()).toBe('Subject: x\r\n\r\nbody\r\n');
  });

  it('keeps to itself what concerns notifications where the receiver has none', async () => {
    const { receiver, transmitter } = receiverWith({ capabilities: { dsn: false } });
    const attempt = await attemptFor(['bob@example.net'], {
      mail: { ret: 'FULL', body: '8BITMIME' },
      rcpt: { notify: 'never' },
    });
    expect(await transmitter.transmit(attempt)).toMatchObject([
      { kind: 'relayed', notifies: false },
    ]);
    expect(receiver.messages[0]?.params).toEqual({ body: '8BITMIME', sizeBytes: SIZE_BYTES });
    expect(receiver.messages[0]?.recipients[0]?.params).toEqual({});
  });

  it('gives each recipient its own outcome, in order', async () => {
    const { receiver, transmitter } = receiverWith({
      results: 'per-recipient',
      onRecipient: (path) => (path.localPart === 'nobody' ? refuse('no-such-mailbox') : undefined),
      onCommit: (path) =>
        path.localPart === 'full'
          ? refuse('mailbox-full')
          : { kind: 'delivered', status: enhancedStatus(2, 1, 5) },
    });
    const attempt = await attemptFor([
      'a@example.net',
      'nobody@example.net',
      'full@example.net',
      'b@example.net',
    ]);
    expect((await transmitter.transmit(attempt)).map(({ kind }) => kind)).toEqual([
      'delivered',
      'failed',
      'delayed',
      'delivered',
    ]);
    expect(receiver.open).toBe(0);
  });

  it.each([
    ['MAIL', { onMail: () => refuse('insufficient-storage') }],
    ['RCPT', { onRecipient: () => refuse('mailbox-unavailable') }],
    ['the content', { onContent: () => refuse('insufficient-storage') }],
  ] satisfies [string, ReceiverScript][])(
    'delays all when %s is refused for now',
    async (_, script) => {
      const { receiver, transmitter } = receiverWith(script);
      const outcomes = await transmitter.transmit(
        await attemptFor(['a@example.net', 'b@example.net']),
      );
      expect(outcomes.map(({ kind }) => kind)).toEqual(['delayed', 'delayed']);
      expect(receiver.messages).toHaveLength(0);
      expect(receiver.open).toBe(0);
    },
  );

  it.each([
    [{ smtpUtf8: true }, { smtpUtf8: false }, '5.6.7'],
    [{ requireTls: true }, { requireTls: false }, '5.7.30'],
    [{ body: '8BITMIME' }, { eightBitMime: false }, '5.6.3'],
  ] as const)('fails what the receiver may not carry: %j', async (mail, capabilities, status) => {
    const { transmitter } = receiverWith({ capabilities });
    const [outcome] = await transmitter.transmit(await attemptFor(['a@example.net'], { mail }));
    expect(outcome).toMatchObject({ kind: 'failed', proof: 'unsupported' });
    expect(Object.values(outcome?.status ?? {}).join('.')).toBe(status);
  });

  it('uses several transactions where the receiver takes few recipients at once', async () => {
    const { receiver, transmitter } = receiverWith({ capabilities: { maxRecipients: 2 } });
    const addresses = [1, 2, 3, 4, 5].map((n) => `r${n}@example.net`);
    expect(await transmitter.transmit(await attemptFor(addresses))).toHaveLength(5);
    expect(receiver.messages.map(recordedAddresses)).toEqual([
      addresses.slice(0, 2),
      addresses.slice(2, 4),
      addresses.slice(4),
    ]);
  });

  it.each([
    ['452 4.5.3', () => refuse('too-many-recipients'), 3],
    ['452 that says no more', () => peerSays(452), 3],
    ['552, as old servers say', () => peerSays(552), 3],
    ['452 4.2.2, which is about the mailbox', () => refuse('mailbox-full'), 1],
  ] as const)('names those again at once who were too many: %s', async (_, refusal, messages) => {
    let asked = 0;
    const { receiver, transmitter } = receiverWith({
      onMail: () => void (asked = 0),
      onRecipient: () => (++asked > 2 ? refusal() : undefined),
    });
    const addresses = [1, 2, 3, 4, 5].map((n) => `r${n}@example.net`);
    const outcomes = await transmitter.transmit(await attemptFor(addresses));
    expect(receiver.messages).toHaveLength(messages);
    expect(receiver.messages.flatMap(recordedAddresses)).toEqual(
      addresses.slice(0, messages === 1 ? 2 : 5),
    );
    expect(outcomes.filter(({ kind }) => kind === 'relayed')).toHaveLength(messages === 1 ? 2 : 5);
  });

  it('stops when it is told to', async () => {
    const { receiver, transmitter } = receiverWith();
    const attempt = await attemptFor(['a@example.net']);
    const outcomes = await transmitter.transmit({ ...attempt, signal: AbortSignal.abort() });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['delayed']);
    expect(receiver.open).toBe(0);
  });
});

/** A refusal of a peer that is for now, whatever its code. */
function peerSays(code: number): MailError {
  return new MailError('peer-refused', createReply(code, undefined, 'too many'), undefined, {
    scope: 'recipient',
  });
}
