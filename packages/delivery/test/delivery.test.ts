import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFaultyFileSystem, createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { FaultyFileSystem, VolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { Directory } from '@posthouse/directory';
import { MailError, NO_PARAMS, NULL_PATH, contentOf, pour } from '@posthouse/mail';
import type { MailParams } from '@posthouse/mail';
import { mailbox, testContext } from '@posthouse/testkit';
import { createDelivery } from '../src/delivery.ts';
import type { Delivery } from '../src/delivery.ts';
import {
  ALICE,
  BOB,
  MESSAGE,
  attempt,
  createTestDelivery,
  createTestDirectory,
  earlyClock,
  mailIn,
  recordingLogger,
  send,
  storedForm,
} from './harness.ts';

const MAILDIR = '/mail/example.test/alice/Maildir';

let directory: Directory & { remove(): Promise<void> };
beforeAll(async () => {
  directory = await createTestDirectory();
});
afterAll(() => directory.remove());

let base: VolatileFileSystem;
let faulty: FaultyFileSystem;
let logger: ReturnType<typeof recordingLogger>;
let delivery: Delivery;
beforeEach(async () => {
  base = createVolatileFileSystem();
  faulty = createFaultyFileSystem(base);
  logger = recordingLogger();
  delivery = createTestDelivery({ directory, fileSystem: faulty, logger });
  await delivery.start();
  return () => delivery.stop();
});

async function makeFolder(folder: string): Promise<void> {
  for (const place of ['', '/cur', '/new', '/tmp']) {
    await base.mkdir(`${MAILDIR}/${folder}${place}`, 0o700);
  }
}

describe('a recipient', () => {
  test('that nobody is is refused with 550 5.1.1', async () => {
    const transaction = delivery.begin(NULL_PATH, NO_PARAMS, testContext());
    for (const address of ['nobody@example.test', 'alice@elsewhere.test', '..@example.test']) {
      const path = { ...ALICE, ...mailboxOf(address) };
      await expect(transaction.recipient(path, NO_PARAMS)).rejects.toMatchObject({
        code: 'no-such-mailbox',
        permanent: true,
      });
    }
    await transaction.abort();
  });

  test('gets the message with the trace of final delivery in front', async () => {
    await send(delivery);
    expect(Object.values(mailIn(base.files()))).toEqual([storedForm('alice@example.test')]);
  });

  test('is written to as the address says, in any case, one Maildir for all', async () => {
    await send(delivery, {
      recipients: [mailbox('ALICE@example.test'), mailbox('Alice+X@example.test')],
    });
    const stored = Object.entries(mailIn(base.files()));
    expect(stored.every(([path]) => path.startsWith(`${MAILDIR}/new/`))).toBe(true);
    expect(stored.map(([, text]) => text).toSorted()).toEqual(
      [storedForm('ALICE@example.test'), storedForm('Alice+X@example.test')].toSorted(),
    );
  });

  test('of a null reverse-path sees that', async () => {
    const transaction = delivery.begin(NULL_PATH, NO_PARAMS, testContext());
    await transaction.recipient(ALICE, NO_PARAMS);
    await pour(contentOf(MESSAGE), transaction.stage(new Uint8Array()));
    await transaction.commit();
    expect(Object.values(mailIn(base.files()))[0]).toMatch(
      /^Return-Path: <>\nDelivered-To: alice@/,
    );
  });

  test('finds one Return-Path, whatever came with the message', async () => {
    const content = Buffer.from('Return-Path: <x@y.test>\r\nSubject: x\r\nReturn-path: <>\r\n\r\n');
    await send(delivery, { content });
    const [text = ''] = Object.values(mailIn(base.files()));
    expect(text).toMatch(/^Return-Path: <carol@elsewhere\.test>\nDelivered-To: /);
    expect(text.match(/return-path/gi)).toHaveLength(1);
  });

  test('may have a name outside ASCII, and loops are seen for it, too', async () => {
    const recipients = [mailbox('J\u00dcRGEN@example.test')];
    await send(delivery, { recipients });
    const [[path, text] = ['', '']] = Object.entries(mailIn(base.files()));
    expect(path).toContain('/mail/example.test/j\u00fcrgen/Maildir/new/');
    expect(text).toContain('\nDelivered-To: J\u00dcRGEN@example.test\n');
    const content = Buffer.from(text.replaceAll('\n', '\r\n'));
    expect((await send(delivery, { recipients, content }))[0]).toMatchObject({ proof: 'loop' });
  });

  test('beyond the limit is refused for now', async () => {
    const small = createTestDelivery({ directory, fileSystem: base, maxRecipients: 2 });
    await small.start();
    expect(small.capabilities().maxRecipients).toBe(2);
    await expect(send(small, { recipients: [ALICE, BOB, ALICE] })).rejects.toMatchObject({
      code: 'too-many-recipients',
    });
    await small.stop();
  });
});

describe('a detail behind the plus', () => {
  test.each([
    ['lists', '.lists'],
    ['LISTS', '.lists'],
    ['Work.Clients', '.Work.Clients'],
    ['entw\u00fcrfe', '.entw&APw-rfe'],
    ['a&b', '.a&-b'],
  ])('%s delivers into the folder %s', async (detail, folder) => {
    await send(delivery);
    await makeFolder(folder);
    await send(delivery, { recipients: [mailbox(`alice+${detail}@example.test`)] });
    const paths = Object.keys(mailIn(base.files()));
    expect(paths.filter((path) => path.startsWith(`${MAILDIR}/${folder}/new/`))).toHaveLength(1);
  });

  test('prefers the folder of exactly that name', async () => {
    await send(delivery);
    await makeFolder('.LISTS');
    await makeFolder('.lists');
    await send(delivery, { recipients: [mailbox('alice+lists@example.test')] });
    const paths = Object.keys(mailIn(base.files()));
    expect(paths.filter((path) => path.startsWith(`${MAILDIR}/.lists/`))).toHaveLength(1);
  });

  test.each(['absent', 'new', 'cur', '"../../bob/Maildir"', '"a/b"', '".."', '"."', '"a..b"', ''])(
    '%s, where there is no such folder, delivers into the inbox',
    async (detail) => {
      await send(delivery, { recipients: [BOB] });
      const local = detail.startsWith('"') ? `"alice+${detail.slice(1)}` : `alice+${detail}`;
      await send(delivery, { recipients: [mailbox(`${local}@example.test`)] });
      const paths = Object.keys(mailIn(base.files())).filter((path) => path.includes('alice'));
      expect(paths).toEqual([expect.stringContaining(`${MAILDIR}/new/`)]);
    },
  );

  test('delivers into a folder whose parts somebody has removed', async () => {
    await send(delivery);
    await base.mkdir(`${MAILDIR}/.bare`, 0o700);
    await send(delivery, { recipients: [mailbox('alice+bare@example.test')] });
    const paths = Object.keys(mailIn(base.files()));
    expect(paths.some((path) => path.startsWith(`${MAILDIR}/.bare/new/`))).toBe(true);
  });
});

describe('a message', () => {
  test('that was delivered to this recipient before is a loop', async () => {
    const looped = Buffer.concat([
      Buffer.from('delivered-TO:\r\n <Alice@example.test>\r\n'),
      MESSAGE,
    ]);
    const [toAlice, toBob] = await send(delivery, { recipients: [ALICE, BOB], content: looped });
    expect(toAlice).toMatchObject({
      kind: 'failed',
      proof: 'loop',
      status: { class: 5, subject: 4, detail: 6 },
    });
    expect(toBob?.kind).toBe('delivered');
    expect(Object.keys(mailIn(base.files()))).toHaveLength(1);
  });

  test('that only speaks of Delivered-To in its body is none', async () => {
    const content = Buffer.concat([MESSAGE, Buffer.from('Delivered-To: alice@example.test\r\n')]);
    expect((await send(delivery, { content }))[0]?.kind).toBe('delivered');
  });

  test('larger than the limit is refused, as declared and as sent', async () => {
    const small = createTestDelivery({ directory, fileSystem: base, maxMessageBytes: 1000 });
    await small.start();
    const params: MailParams = { sizeBytes: 1001 };
    await expect(send(small, { params })).rejects.toMatchObject({ code: 'message-too-large' });
    const content = Buffer.alloc(1001, 'x');
    await expect(send(small, { content })).rejects.toMatchObject({ code: 'message-too-large' });
    expect(mailIn(base.files())).toEqual({});
    await small.stop();
  });

  test('too large for memory is staged once and written for each, alike', async () => {
    const content = Buffer.concat([MESSAGE, Buffer.from(`${'y'.repeat(70)}\r\n`.repeat(10_000))]);
    const context = attempt('large', false);
    const outcomes = await send(delivery, { recipients: [ALICE, BOB], content, context });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'delivered']);
    expect(new Set(Object.values(mailIn(base.files())))).toEqual(
      new Set([storedForm('alice@example.test', content), storedForm('bob@example.test', content)]),
    );
    expect([...base.files().keys()].filter((path) => path.includes('/scratch/'))).toEqual([]);
    const staged = faulty.calls.filter(
      (call) => call.operation === 'open' && call.path.includes('/scratch/'),
    );
    expect(staged).toHaveLength(3); // made once, read for each
    await send(delivery, { recipients: [ALICE, BOB], content, context: attempt('large', true) });
    expect(Object.keys(mailIn(base.files()))).toHaveLength(2);
  });
});

describe('a fault of the disk', () => {
  test.each([
    ['ENOSPC', 'insufficient-storage', 'host'],
    ['EROFS', 'local-trouble', 'host'],
    ['EACCES', 'mailbox-unavailable', 'recipient'],
    ['EIO', 'local-trouble', undefined],
  ])('%s delays the message as %s', async (code, name, scope) => {
    await send(delivery);
    const broken = faulty.inject({
      fault: { kind: 'fail', code },
      operation: 'sync',
      path: /alice/,
      times: Infinity,
    });
    const [toAlice, toBob] = await send(delivery, { recipients: [ALICE, BOB] });
    expect(toAlice).toMatchObject({ kind: 'delayed', status: { class: 4 } });
    expect(toAlice?.kind === 'delayed' ? toAlice.scope : '').toBe(scope);
    expect(toBob?.kind).toBe('delivered');
    expect(logger.events).toContainEqual(
      expect.objectContaining({
        event: 'delivery-delayed',
        code: name,
        account: 'alice@example.test',
      }),
    );
    broken.remove();
    expect((await send(delivery))[0]?.kind).toBe('delivered');
    expect(Object.keys(mailIn(base.files())).filter((path) => path.includes('/tmp/'))).toEqual([]);
  });

  test('in staging refuses the message, and leaves nothing', async () => {
    faulty.inject({ fault: { kind: 'fail', code: 'ENOSPC' }, operation: 'write', path: /scratch/ });
    const content = Buffer.alloc(1_000_000, 'x');
    await expect(send(delivery, { content })).rejects.toMatchObject({
      code: 'insufficient-storage',
    });
    expect([...base.files().keys()].filter((path) => !path.endsWith('.ledger'))).toEqual([]);
  });

  test('never says a path of ours to a peer', async () => {
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'sync', path: /alice/ });
    const [outcome] = await send(delivery);
    expect(JSON.stringify(outcome)).not.toContain('Maildir');
  });
});

describe('the log', () => {
  test('has one line for each message delivered, with account and path', async () => {
    await send(delivery, { recipients: [ALICE, BOB] });
    const events = logger.events.filter(({ event }) => event === 'delivered');
    expect(events).toHaveLength(2);
    const paths = Object.keys(mailIn(base.files()));
    for (const event of events) expect(paths).toContain(event['path']);
    expect(new Set(events.map((event) => event['account']))).toEqual(
      new Set(['alice@example.test', 'bob@example.test']),
    );
  });
});

describe('starting and stopping', () => {
  test('can each be asked twice, and mail is taken only between them', async () => {
    const other = createTestDelivery({ directory, fileSystem: base });
    await expect(send(other)).rejects.toMatchObject({ code: 'shutting-down' });
    await other.start();
    await other.start();
    expect((await send(other))[0]?.kind).toBe('delivered');
    await other.stop();
    await other.stop();
    await expect(send(other)).rejects.toMatchObject({ code: 'shutting-down' });
    await other.start();
    expect((await send(other))[0]?.kind).toBe('delivered');
    await other.stop();
  });

  test('a stop waits for what is being committed', async () => {
    const slow = faulty.inject({ fault: { kind: 'delay' }, operation: 'sync', path: /alice/ });
    const sent = send(delivery, { context: attempt('x', false) });
    await slow.reached;
    const stopped = delivery.stop().then(() => Object.keys(mailIn(base.files())));
    slow.release();
    expect(await stopped).toEqual([expect.stringContaining('/new/')]);
    expect((await sent)[0]?.kind).toBe('delivered');
  });

  test('mistakes in the options are named, all at once', () => {
    const options = { hostname: '', mailDirectory: '', maxMessageBytes: 0, maxRecipients: 1.5 };
    const deps = { directory, clock: earlyClock(), logger };
    expect(() => createDelivery(options, deps)).toThrow(
      /hostname.*\n.*mailDirectory.*\n.*maxMessageBytes.*\n.*maxRecipients/,
    );
  });

  test('stale files in tmp go at start and every day, younger ones stay', async () => {
    const clock = earlyClock();
    await send(delivery);
    await makeFolder('.sub');
    const leave = async (name: string): Promise<void> => {
      const file = await base.open(`${MAILDIR}/${name}`, 'create', 0o600);
      await base.close(file);
    };
    const inTmp = (): readonly string[] =>
      Object.keys(mailIn(base.files())).filter((path) => path.includes('/tmp/'));
    await leave('tmp/old');
    await leave('.sub/tmp/old');
    const other = createTestDelivery({ directory, fileSystem: base, clock });
    await other.start();
    await other.stop();
    expect(inTmp()).toHaveLength(2); // they are minutes old
    await other.start();
    await clock.advance(25 * 3_600_000);
    expect(inTmp()).toHaveLength(2);
    await clock.advance(25 * 3_600_000);
    await expect.poll(inTmp).toEqual([]);
    await other.stop();
    expect(clock.pending).toBe(0);
  });

  test('what a dead process had written whole is in its mailbox a minute after the start', async () => {
    faulty.inject({ fault: { kind: 'stop' }, operation: 'rename' });
    expect((await send(delivery, { context: attempt('x', false) }))[0]?.kind).toBe('delayed');
    const clock = earlyClock();
    const events = recordingLogger();
    const next = createTestDelivery({ directory, fileSystem: base, clock, logger: events });
    await next.start();
    await new Promise(setImmediate);
    expect(Object.keys(mailIn(base.files()))).toEqual([expect.stringContaining('/tmp/')]);
    await clock.advance(61_001);
    await expect
      .poll(() => Object.keys(mailIn(base.files())))
      .toEqual([expect.stringContaining('/new/')]);
    expect(events.events).toContainEqual({ event: 'deliveries-finished', messages: 1 });
    await send(next, { context: attempt('x', true) });
    expect(Object.keys(mailIn(base.files()))).toHaveLength(1);
    await next.stop();
    expect(clock.pending).toBe(0);
  });
});

test('faults are MailErrors to the caller', async () => {
  const transaction = delivery.begin(NULL_PATH, NO_PARAMS, testContext());
  await transaction.abort();
  await expect(transaction.recipient(ALICE, NO_PARAMS)).rejects.toThrow(MailError);
});

/** Also what `parseMailbox` would not take. */
function mailboxOf(address: string): { localPart: string } | ReturnType<typeof mailbox> {
  return address.startsWith('..') ? { localPart: '..' } : mailbox(address);
}
