import {
  contentOf,
  createNetworks,
  enhancedStatus,
  formatMailbox,
  isTaken,
  NO_PARAMS,
  NULL_PATH,
  pour,
  refuse,
  silentLogger,
} from '@posthouse/mail';
import type { RcptParams, ReversePath, TransferContext } from '@posthouse/mail';
import { createDirectory } from '@posthouse/directory';
import {
  createManualClock,
  createRecordingReceiver,
  describeReceiverContract,
  mailbox,
  recordedAddresses,
  testContext,
} from '@posthouse/testkit';
import type { ReceiverScript } from '@posthouse/testkit';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createIngress } from '../src/ingress.ts';
import type { RecipientCheck } from '../src/recipient-check.ts';
import type { RoutingTable } from '../src/route.ts';

const HASH =
  '{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const stranger = testContext({ peer: { address: '198.51.100.9' } });
const insider = testContext({ peer: { address: '192.0.2.1' } });

interface Setting {
  readonly outbound?: RoutingTable['outbound'];
  readonly script?: ReceiverScript;
  readonly recipientCheck?: RecipientCheck;
}

async function create(setting: Setting = {}) {
  const accountsFile = join(mkdtempSync(join(tmpdir(), 'posthouse-relay-')), 'accounts');
  const names = ['alice', 'bob', 'carol'];
  writeFileSync(accountsFile, names.map((name) => `${name}@example.test:${HASH}::::::\n`).join(''));
  const directory = createDirectory(
    {
      domains: ['example.test'],
      accountsFile,
      aliases: {
        'team@example.test': ['alice@example.test', 'bob@example.test'],
        'staff@example.test': ['team@example.test', 'carol@example.test'],
        'away@example.test': ['alice@elsewhere.test'],
        'loop@example.test': ['pool@example.test'],
        'pool@example.test': ['loop@example.test'],
        'list@example.test': {
          targets: ['bob@example.test', 'carol@example.test'],
          owner: 'alice@example.test',
        },
      },
    },
    { logger: silentLogger, clock: createManualClock() },
  );
  await directory.start();
  const next = createRecordingReceiver(setting.script);
  const receiver = createIngress(
    { maxHops: 5, maxHeaderBytes: 10_000 },
    {
      next,
      directory,
      logger: silentLogger,
      relayNetworks: createNetworks(['192.0.2.0/24']),
      routing: {
        isOwnDomain: (domain) => directory.isOwnDomain(domain),
        routes: new Map([['*.partner.test', { kind: 'off' }]]),
        accountRoutes: new Map(),
        senderRoutes: new Map(),
        outbound: setting.outbound ?? { kind: 'mx' },
      },
      ...(setting.recipientCheck && { recipientCheck: setting.recipientCheck }),
    },
  );
  return { next, receiver };
}

type Created = Awaited<ReturnType<typeof create>>;

async function refusal(
  { receiver }: Created,
  to: string,
  context: TransferContext,
): Promise<string> {
  const transaction = receiver.begin(mailbox('x@elsewhere.test'), NO_PARAMS, context);
  try {
    await transaction.recipient(mailbox(to), NO_PARAMS);
    return 'taken';
  } catch (error) {
    return String(error);
  } finally {
    await transaction.abort();
  }
}

async function send(
  { receiver }: Created,
  recipients: readonly string[],
  how: { reversePath?: ReversePath; params?: RcptParams; text?: string } = {},
) {
  const transaction = receiver.begin(
    how.reversePath ?? mailbox('x@elsewhere.test'),
    NO_PARAMS,
    insider,
  );
  await transaction.opened;
  for (const to of recipients) await transaction.recipient(mailbox(to), how.params ?? NO_PARAMS);
  const text = how.text ?? 'Subject: s\r\n\r\nbody';
  await pour(contentOf(Buffer.from(text)), transaction.stage(Buffer.from('Received: here\r\n')));
  return transaction.commit();
}

describe('relay control', () => {
  it('takes mail for own mailboxes from anybody', async () => {
    expect(await refusal(await create(), 'Bob@example.test', stranger)).toBe('taken');
  });

  it('refuses unknown mailboxes of own domains', async () => {
    const created = await create();
    expect(await refusal(created, 'nobody@example.test', stranger)).toMatch(
      /550 5\.1\.1 .*nobody@example\.test/,
    );
    expect(await refusal(created, 'loop@example.test', stranger)).toMatch(/554 5\.4\.6/);
  });

  it('relays for named networks and those who logged in, and for nobody else', async () => {
    const created = await create();
    const loggedIn = {
      ...stranger,
      identity: { account: 'alice@example.test', mechanism: 'PLAIN' },
    };
    expect(await refusal(created, 'x@elsewhere.test', insider)).toBe('taken');
    expect(await refusal(created, 'x@elsewhere.test', loggedIn)).toBe('taken');
    expect(await refusal(created, 'x@elsewhere.test', stranger)).toMatch(/554 5\.7\.1/);
  });

  it.each([
    'x%elsewhere.test@example.test',
    '"x@elsewhere.test"@example.test',
    'elsewhere.test!x@example.test',
    '"elsewhere.test!x"@example.test',
    'x@[127.0.0.1]',
    'x@[IPv6:::1]',
    'x@sub.example.test',
    'x@example.test.elsewhere.test',
    'x@exаmple.test', // a Cyrillic a
    'x@elsewhere.test',
  ])('is closed to a stranger who tries %s', async (to) => {
    expect(await refusal(await create(), to, stranger)).toMatch(/55[04] 5\.(7\.1|1\.1)/);
  });

  it('says which setting switches mail to the outside on', async () => {
    const created = await create({ outbound: { kind: 'off' } });
    expect(await refusal(created, 'x@elsewhere.test', insider)).toMatch(
      /550 5\.7\.1 .*relay\.outbound/,
    );
    expect(await refusal(created, 'away@example.test', insider)).toMatch(/550 5\.7\.1/);
    expect(await refusal(created, 'bob@example.test', insider)).toBe('taken');
  });
});

describe('a sink', () => {
  it('takes what would go outside, and keeps for whom it was', async () => {
    const created = await create({
      outbound: { kind: 'sink', mailbox: mailbox('carol@example.test') },
    });
    await send(created, ['x@elsewhere.test', 'y@elsewhere.test', 'bob@example.test']);
    const message = await created.next.message(0);
    expect(recordedAddresses(message)).toEqual(['carol@example.test', 'bob@example.test']);
    expect(message.recipients[0]?.params.orcpt?.address).toBe('x@elsewhere.test');
  });
});

describe('expansion', () => {
  it('merges what meets in one mailbox, and keeps the address that the author wrote', async () => {
    const created = await create();
    const outcomes = await send(created, [
      'team@example.test',
      'staff@example.test',
      'alice@example.test',
    ]);
    expect(outcomes.map(isTaken)).toEqual([true, true, true]);
    const message = await created.next.message(0);
    expect(recordedAddresses(message)).toEqual([
      'alice@example.test',
      'bob@example.test',
      'carol@example.test',
    ]);
    expect(message.recipients.map(({ params }) => params.orcpt?.address)).toEqual([
      'team@example.test',
      'team@example.test',
      'staff@example.test',
    ]);
  });

  it('gives one copy for a recipient that is named again, and tells each of its fate', async () => {
    const created = await create();
    const outcomes = await send(created, [
      'alice@example.test',
      'Alice@Example.test',
      'alice@elsewhere.test',
      'away@example.test',
      'Alice@elsewhere.test',
    ]);
    expect(outcomes.map(isTaken)).toEqual([true, true, true, true, true]);
    expect(recordedAddresses(await created.next.message(0))).toEqual([
      'alice@example.test',
      'alice@elsewhere.test',
      'Alice@elsewhere.test', // for its host to know whether that is somebody else
    ]);
  });

  it('keeps apart who asked for different notifications', async () => {
    const created = await create();
    const transaction = created.receiver.begin(mailbox('x@elsewhere.test'), NO_PARAMS, insider);
    await transaction.recipient(mailbox('alice@example.test'), { notify: 'never' });
    await transaction.recipient(mailbox('team@example.test'), { notify: ['success'] });
    await transaction.recipient(mailbox('team@example.test'), { notify: ['success'] });
    const content = contentOf(Buffer.from('Subject: s\r\n\r\nbody'));
    await pour(content, transaction.stage(new Uint8Array()));
    expect(await transaction.commit()).toHaveLength(3);
    const { recipients } = await created.next.message(0);
    expect(
      recipients.map(({ forwardPath, params }) => [forwardPath.localPart, params.notify]),
    ).toEqual([
      ['alice', 'never'],
      ['alice', ['success']],
      ['bob', ['success']],
    ]);
  });

  it('sends a list’s copies in its owner’s name, but a notification from the null path', async () => {
    const created = await create();
    const params = { notify: ['success'] } as const;
    await send(created, ['list@example.test', 'alice@example.test'], { params });
    const [list, own] = [await created.next.message(0), await created.next.message(1)];
    expect(list.reversePath).toEqual(mailbox('alice@example.test'));
    expect(recordedAddresses(list)).toEqual(['bob@example.test', 'carol@example.test']);
    expect(list.recipients[0]?.params.notify).toBeUndefined();
    expect(own.reversePath).toEqual(mailbox('x@elsewhere.test'));
    expect(own.recipients[0]?.params.notify).toEqual(['success']);
    await send(created, ['list@example.test'], { reversePath: NULL_PATH });
    expect((await created.next.message(2)).reversePath).toBe(NULL_PATH);
  });

  it('lets a group in whole or not at all', async () => {
    const created = await create({ script: { capabilities: { maxRecipients: 2 } } });
    await send(created, ['team@example.test']);
    const transaction = created.receiver.begin(NULL_PATH, NO_PARAMS, insider);
    await expect(transaction.recipient(mailbox('staff@example.test'), NO_PARAMS)).rejects.toThrow(
      /452 4\.5\.3/,
    );
    await transaction.recipient(mailbox('team@example.test'), NO_PARAMS);
    await transaction.recipient(mailbox('team@example.test'), NO_PARAMS); // nobody new
    await transaction.abort();
    expect(created.next.open).toBe(0);
  });
});

it('leaves no transaction of a list behind whose recipients were all refused', async () => {
  const onRecipient = ({ localPart }: { readonly localPart: string }) =>
    localPart === 'alice' ? undefined : refuse('mailbox-full');
  const created = await create({ script: { onRecipient } });
  const transaction = created.receiver.begin(mailbox('x@elsewhere.test'), NO_PARAMS, insider);
  await transaction.recipient(mailbox('alice@example.test'), NO_PARAMS);
  await expect(transaction.recipient(mailbox('list@example.test'), NO_PARAMS)).rejects.toThrow();
  await pour(contentOf(Buffer.from('Subject: s\r\n\r\nbody')), transaction.stage(Buffer.alloc(0)));
  expect((await transaction.commit()).map(isTaken)).toEqual([true]);
  expect(created.next.open).toBe(0);
});

it('leaves no transaction behind when that of a list cannot be committed', async () => {
  const { next, receiver } = await create();
  const transaction = receiver.begin(mailbox('x@elsewhere.test'), NO_PARAMS, insider);
  for (const name of ['list', 'alice']) {
    await transaction.recipient(mailbox(`${name}@example.test`), NO_PARAMS);
  }
  await pour(contentOf(Buffer.from('Subject: s\r\n\r\nbody')), transaction.stage(Buffer.alloc(0)));
  await expect(transaction.commit(AbortSignal.abort())).rejects.toThrow(/451/);
  expect(next.open).toBe(0);
});

it('tells each recipient its own outcome, past those that were refused', async () => {
  const later = enhancedStatus(4, 2, 2);
  const created = await create({
    script: {
      onRecipient: ({ localPart }) => (localPart === 'bob' ? refuse('mailbox-full') : undefined),
      onCommit: ({ localPart }) =>
        localPart === 'carol' ? { kind: 'delayed', status: later, reason: 'full' } : undefined,
    },
  });
  const transaction = created.receiver.begin(mailbox('x@elsewhere.test'), NO_PARAMS, insider);
  await Promise.allSettled(
    ['alice', 'bob', 'carol', 'team', 'away'].map((name) =>
      transaction.recipient(mailbox(`${name}@example.test`), NO_PARAMS),
    ),
  );
  await pour(contentOf(Buffer.from('Subject: s\r\n\r\nbody')), transaction.stage(Buffer.alloc(0)));
  expect((await transaction.commit()).map(isTaken)).toEqual([true, false, true]);
});

describe('a recipient check', () => {
  const check: RecipientCheck = {
    knows: async (address) => formatMailbox(address) === 'dora@example.test',
  };

  it('is asked about what the directory does not know', async () => {
    const created = await create({ recipientCheck: check });
    expect(await refusal(created, 'dora@example.test', stranger)).toBe('taken');
    expect(await refusal(created, 'nobody@example.test', stranger)).toMatch(/550 5\.1\.1/);
    expect(await refusal(created, 'team@example.test', stranger)).toBe('taken');
  });
});

describe('loops', () => {
  const received = (n: number): string => 'Received: from x\r\n'.repeat(n);

  it('stops a message that has passed too many hosts, ourselves included', async () => {
    const created = await create();
    await send(created, ['bob@example.test'], { text: `${received(4)}\r\nbody` });
    await expect(
      send(created, ['bob@example.test'], { text: `${received(5)}\r\nbody` }),
    ).rejects.toThrow(/554 5\.4\.6/);
    expect((await created.next.message(0)).bytes.toString()).toBe(`${received(4)}\r\nbody`);
  });
});

describeReceiverContract('the relay’s ingress', async () => {
  const created = await create();
  const { next, receiver } = created;
  return {
    receiver,
    known: [mailbox('bob@example.test'), mailbox('carol@example.test')],
    refused: mailbox('nobody@example.test'),
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
