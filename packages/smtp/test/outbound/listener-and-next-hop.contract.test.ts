/**
 * Our two halves of the wire against each other: the seam's contract holds through a next
 * hop and a listener, in the clear and under TLS, and what an author meets in front of a
 * cut-through chain is what the last host said.
 */
import { describe, expect, it } from 'vitest';
import { NO_PARAMS, NULL_PATH, refuse, silentLogger, systemClock } from '@posthouse/mail';
import type { MailReceiver, Startable } from '@posthouse/mail';
import {
  createRecordingReceiver,
  describeReceiverContract,
  domain,
  mailbox,
  startScriptedPeer,
  testContext,
} from '@posthouse/testkit';
import type { ReceiverUnderTest } from '@posthouse/testkit';
import { createListener, createNextHop } from '../../src/index.ts';
import type { ConnectTarget, Listener, ListenerOptions, NextHop } from '../../src/index.ts';
import { PEER_CERTIFICATE } from './certificates.ts';
import { ALICE, BOB, CAROL, commit, DAVE, hello, QUIT, targetOf } from './peers.ts';

const DEPS = { clock: systemClock, logger: silentLogger };

async function startListener(
  receiver: MailReceiver,
  options: Partial<ListenerOptions> = {},
): Promise<Listener> {
  const listener = createListener(
    {
      protocol: 'smtp',
      listen: { host: '127.0.0.1', port: 0 },
      hostname: domain('mx.example.test'),
      ...options,
    },
    { receiver, ...DEPS },
  );
  await listener.start();
  return listener;
}

async function startHop(listener: Listener, target: Partial<ConnectTarget>): Promise<NextHop> {
  const { address } = listener;
  if ('path' in address) throw new TypeError('these tests listen on TCP');
  const hop = createNextHop(
    {
      target: {
        protocol: 'smtp',
        endpoint: address,
        greeting: domain('client.example.test'),
        tls: { mode: 'off', verify: false },
        ...target,
      },
    },
    DEPS,
  );
  await hop.start();
  return hop;
}

/** A next hop, its listener, and a recording receiver behind it. */
async function create(
  protocol: 'smtp' | 'lmtp',
  target: Partial<ConnectTarget>,
  options: Partial<ListenerOptions>,
): Promise<ReceiverUnderTest> {
  const recording = createRecordingReceiver({
    results: protocol === 'lmtp' ? 'per-recipient' : 'all-or-nothing',
    onRecipient: ({ localPart }) =>
      localPart === 'refused' ? refuse('no-such-mailbox') : undefined,
  });
  const listener = await startListener(recording, { protocol, ...options });
  const hop = await startHop(listener, { protocol, ...target });
  return {
    receiver: hop,
    known: [BOB, CAROL, DAVE],
    refused: mailbox('refused@example.test'),
    taken: async () =>
      recording.messages.flatMap(({ recipients, content, bytes }) =>
        recipients.map(({ forwardPath }) => ({
          recipient: forwardPath,
          bytes: Buffer.concat([content.prefix, bytes]),
        })),
      ),
    // The listener hears of a closed connection when it does; a leak would be heard of never.
    leftovers: async () => {
      while (recording.open > 0) await new Promise((resolve) => setImmediate(resolve));
      return [];
    },
    stop: () => stop(hop, listener),
  };
}

async function stop(...parts: readonly Startable[]): Promise<void> {
  for (const part of parts) await part.stop();
}

describeReceiverContract('a next hop in front of our SMTP listener', () => create('smtp', {}, {}));

describeReceiverContract('a next hop in front of our SMTP listener, with DATA', () =>
  create('smtp', { chunking: false }, {}),
);

describeReceiverContract('a next hop in front of our SMTP listener, under TLS', () =>
  create(
    'smtp',
    { tls: { mode: 'required', verify: true, ca: PEER_CERTIFICATE.cert } },
    { tls: { mode: 'starttls', ...PEER_CERTIFICATE } },
  ),
);

describeReceiverContract('a next hop in front of our LMTP listener', () => create('lmtp', {}, {}));

describe('our own agents', () => {
  it.each([true, false])(
    'tell each other where a message came from, if trusted: %s',
    async (trusted) => {
      const recording = createRecordingReceiver();
      const listener = await startListener(recording, { trustedContext: () => trusted });
      const hop = await startHop(listener, { shareContext: true });
      const context = testContext({
        peer: { address: '192.0.2.7', port: 4711, name: 'laptop.example.test' },
        tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', verified: false },
        identity: { account: 'alice@example.test', mechanism: 'PLAIN' },
      });
      const transaction = hop.begin(ALICE, NO_PARAMS, context);
      await transaction.recipient(BOB, NO_PARAMS);
      await commit(transaction);
      const [message] = recording.messages;
      if (trusted)
        expect(message?.context).toMatchObject({ peer: context.peer, identity: context.identity });
      else expect(message?.context).toMatchObject({ peer: { address: '127.0.0.1' } });
      await stop(hop, listener);
    },
  );

  it('carry every parameter', async () => {
    const recording = createRecordingReceiver();
    const listener = await startListener(recording);
    const hop = await startHop(listener, {});
    const params = { body: '8BITMIME', smtpUtf8: true, ret: 'HDRS', sizeBytes: 24 } as const;
    const transaction = hop.begin(NULL_PATH, params, testContext());
    const recipient = mailbox('b\u00f6b@example.test');
    const rcptParams = {
      notify: ['failure', 'delay'],
      orcpt: { type: 'utf-8', address: 'b\u00f6b+x@example.test' },
    } as const;
    await transaction.recipient(recipient, rcptParams);
    await commit(transaction);
    expect(recording.messages).toMatchObject([
      {
        reversePath: NULL_PATH,
        params,
        recipients: [{ forwardPath: recipient, params: rcptParams }],
      },
    ]);
    await stop(hop, listener);
  });
});

describe('a chain of cut-through', () => {
  it('shows the author what the last host said to each recipient, and delivers to the rest', async () => {
    const last = await startScriptedPeer([
      `${hello('PIPELINING')}
      C: MAIL FROM:<alice@example.test>*
      C: RCPT TO:<bob@example.test>
      C: RCPT TO:<carol@example.test>
      C: RCPT TO:<dave@example.test>
      S: 250 ok
      S: 250 ok
      S: 550 5.1.1 carol has moved
      S: 530 5.7.0 log in first
      C: DATA
      S: 354 go on
      ! content
      S: 250 2.0.0 ok
      ${QUIT}`,
    ]);
    const onward = createNextHop({ target: targetOf(last) }, DEPS);
    await onward.start();
    const listener = await startListener(onward);
    const author = await startHop(listener, {});
    const transaction = author.begin(ALICE, NO_PARAMS, testContext());
    const answers = await Promise.allSettled(
      [BOB, CAROL, DAVE].map((path) => transaction.recipient(path, NO_PARAMS)),
    );
    expect(answers).toMatchObject([
      { status: 'fulfilled' },
      { reason: { permanent: true, reply: { code: 550, lines: ['carol has moved'] } } },
      { reason: { permanent: false, reply: { code: 451, lines: ['log in first'] } } },
    ]);
    expect(await commit(transaction)).toMatchObject([{ kind: 'relayed' }]);
    await stop(author, listener, onward);
    await last.stop();
  });
});
