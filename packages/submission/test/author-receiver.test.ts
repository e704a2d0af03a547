import fc from 'fast-check';
import {
  contentOf,
  formatMailbox,
  mailboxKey,
  NO_PARAMS,
  NULL_PATH,
  pour,
  refuse,
} from '@posthouse/mail';
import type { Mailbox, MailTransaction, ReversePath } from '@posthouse/mail';
import {
  createManualClock,
  createRecordingReceiver,
  describeReceiverContract,
  mailbox,
  testContext,
} from '@posthouse/testkit';
import type { ReceiverScript } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { createAuthorReceiver } from '../src/author-receiver.ts';
import { createSendingAllowance } from '../src/limits.ts';

const alice = { name: 'alice@example.test', mailbox: mailbox('alice@example.test') };
const bob = mailbox('bob@elsewhere.test');
const loggedIn = testContext({ identity: { account: alice.name, mechanism: 'PLAIN' } });

function create(script: ReceiverScript = {}, maxRecipientsPerHour = 1000) {
  const next = createRecordingReceiver(script);
  const receiver = createAuthorReceiver(
    {
      hostname: 'mail.example.test',
      maxMessageBytes: 10_000_000,
      maxRecipients: 100,
      maxHeaderBytes: 1000,
    },
    {
      next,
      directory: {
        account: (name) => (name === alice.name ? alice : undefined),
        owns: (_, address: Mailbox) => mailboxKey(address) === alice.name,
      },
      allowance: createSendingAllowance({ maxRecipientsPerHour }),
      clock: createManualClock(),
    },
  );
  const begin = (reversePath: ReversePath = alice.mailbox): MailTransaction =>
    receiver.begin(reversePath, NO_PARAMS, loggedIn);
  return { next, receiver, begin };
}

async function submit(transaction: MailTransaction, text: string) {
  await transaction.opened;
  await transaction.recipient(bob, NO_PARAMS);
  await pour(contentOf(Buffer.from(text)), transaction.stage(Buffer.from('Received: x\r\n')));
  return transaction.commit();
}

describe('the author’s receiver', () => {
  it('takes an author’s own message, repaired, the body untouched', async () => {
    const { next, begin } = create();
    await submit(begin(), 'From: Alice <ALICE@example.test>\r\nBcc: x@y.test\r\n\r\n.\r\nbody');
    const message = await next.message(0);
    expect(message.bytes.toString()).toMatch(
      /^From: Alice <ALICE@example\.test>\r\nDate: .*\r\nMessage-ID: <.*@mail\.example\.test>\r\n\r\n\.\r\nbody$/,
    );
    expect(message.content.prefix).toEqual(Buffer.from('Received: x\r\n'));
    expect(message.params.auth).toEqual(alice.mailbox);
  });

  it('refuses who has not logged in, and another’s reverse-path, before the next receiver hears of it', async () => {
    const { next, receiver, begin } = create();
    await expect(receiver.begin(alice.mailbox, NO_PARAMS, testContext()).opened).rejects.toThrow(
      /^530 5\.7\.0/,
    );
    await expect(begin(bob).opened).rejects.toThrow(/^553 5\.7\.1 .*bob@elsewhere\.test/);
    expect(next.open).toBe(0);
  });

  it.each([
    ['From: bob@elsewhere.test\r\n\r\n', /^553 5\.7\.1 The From field/],
    ['From: alice@example.test, bob@elsewhere.test\r\n\r\n', /^553 5\.7\.1/],
    ['From: alice@example.test\r\nFrom: bob@elsewhere.test\r\n\r\n', /^554 5\.6\.0/],
    [
      'From: alice@example.test\r\nSender: bob@elsewhere.test\r\n\r\n',
      /^553 5\.7\.1 The Sender field/,
    ],
    [
      'Resent-From: bob@elsewhere.test\r\nFrom: alice@example.test\r\n\r\n',
      /^553 5\.7\.1 The Resent-From field/,
    ],
    [
      'Resent-From: alice@example.test\r\nFrom: bob@elsewhere.test\r\n\r\n',
      /^553 5\.7\.1 The From field/,
    ],
    ['From: alice@example.test <bob@elsewhere.test>\r\n\r\n', /^554 5\.6\.0/],
    [`From: alice@example.test\r\nX: ${'x'.repeat(1000)}\r\n\r\n`, /^552 5\.3\.4/],
  ])('refuses %j', async (text, wanted) => {
    const { next, begin } = create();
    const transaction = begin();
    await expect(submit(transaction, text)).rejects.toThrow(wanted);
    await transaction.abort();
    expect(next.messages).toEqual([]);
    expect(next.open).toBe(0);
  });

  it('asks the last who sent a message on, and nobody before', async () => {
    const { begin, next } = create();
    const resent = 'Resent-From: alice@example.test\r\nResent-From: bob@elsewhere.test\r\n';
    await submit(begin(), `${resent}From: alice@example.test\r\n\r\n`);
    expect(next.messages).toHaveLength(1);
  });

  it('allows the null reverse-path where From is owned', async () => {
    const { next, begin } = create();
    await submit(begin(NULL_PATH), 'From: alice@example.test\r\n\r\n');
    expect((await next.message(0)).reversePath).toBe(NULL_PATH);
    await expect(submit(begin(NULL_PATH), 'From: bob@elsewhere.test\r\n\r\n')).rejects.toThrow(
      /^553/,
    );
  });

  it('passes the next receiver’s refusals on in its own words', async () => {
    const { begin } = create({
      onRecipient: () => refuse('no-such-mailbox', { text: 'Nobody of that name' }),
    });
    const transaction = begin();
    await expect(transaction.recipient(bob, NO_PARAMS)).rejects.toThrow(
      '550 5.1.1 Nobody of that name',
    );
  });

  it('stops an account that sends too much', async () => {
    const { begin } = create({}, 2);
    const transaction = begin();
    await transaction.recipient(bob, NO_PARAMS);
    await transaction.recipient(bob, NO_PARAMS);
    await expect(transaction.recipient(bob, NO_PARAMS)).rejects.toThrow(/^450 4\.7\.1/);
  });

  it('repairs alike however the content is cut into chunks', async () => {
    const text =
      'From: alice@example.test\r\nDate: x\r\nMessage-ID: <m@x>\r\nBcc: z@y.test\r\n\r\nbody\r\n\r\n.';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 8 }), async (cuts) => {
        const { next, begin } = create();
        const transaction = begin();
        await transaction.recipient(bob, NO_PARAMS);
        const writer = transaction.stage(new Uint8Array());
        const edges = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        for (const [i, edge] of edges.entries()) {
          await writer.write(Buffer.from(text.slice(edge, edges[i + 1] ?? text.length)));
        }
        await writer.end();
        await transaction.commit();
        expect((await next.message(0)).bytes.toString()).toBe(
          text.replace('Bcc: z@y.test\r\n', ''),
        );
      }),
    );
  });
});

describeReceiverContract('the author’s receiver', async () => {
  const refused = mailbox('nobody@elsewhere.test');
  const { next, receiver } = create({
    onRecipient: (path) =>
      formatMailbox(path) === formatMailbox(refused) ? refuse('no-such-mailbox') : undefined,
  });
  return {
    receiver: {
      ...receiver,
      begin: (path, params, context, signal) =>
        receiver.begin(
          path === NULL_PATH ? path : alice.mailbox,
          params,
          { ...context, ...(loggedIn.identity && { identity: loggedIn.identity }) },
          signal,
        ),
    },
    known: [bob, mailbox('carol@elsewhere.test')],
    refused,
    taken: async () =>
      next.messages.flatMap((message) =>
        message.recipients.map(({ forwardPath }) => ({
          recipient: forwardPath,
          bytes: Buffer.concat([message.content.prefix, message.bytes]),
        })),
      ),
    leftovers: async () => (next.open === 0 ? [] : ['open transactions']),
    stop: async () => undefined,
  };
});
