import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createFaultyFileSystem, createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { FaultyFileSystem, VolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { Directory } from '@posthouse/directory';
import type { ManualClock } from '@posthouse/testkit';
import type { Delivery } from '../src/delivery.ts';
import { formatMaildirSize, parseMaildirSize } from '../src/quota/maildirsize.ts';
import {
  BOB,
  attempt,
  createTestDelivery,
  createTestDirectory,
  earlyClock,
  mailIn,
  send,
  storedForm,
} from './harness.ts';

const MAILDIR = '/mail/example.test/alice/Maildir';
const SIZE_FILE = `${MAILDIR}/maildirsize`;
const MESSAGE_BYTES = storedForm('alice@example.test').length;

let directory: Directory & { remove(): Promise<void> };
beforeAll(async () => {
  directory = await createTestDirectory({ quotas: { 'alice@example.test': 3 * MESSAGE_BYTES } });
});
afterAll(() => directory.remove());

let base: VolatileFileSystem;
let faulty: FaultyFileSystem;
let clock: ManualClock;
let delivery: Delivery;
beforeEach(async () => {
  base = createVolatileFileSystem();
  faulty = createFaultyFileSystem(base);
  clock = earlyClock();
  delivery = createTestDelivery({ directory, fileSystem: faulty, clock });
  await delivery.start();
  return () => delivery.stop();
});

function sizeFile(): string | undefined {
  return mailIn(base.files())[SIZE_FILE];
}

function messages(): readonly string[] {
  return Object.keys(mailIn(base.files())).filter((path) => path.startsWith(`${MAILDIR}/new/`));
}

async function append(line: string): Promise<void> {
  const file = await base.open(SIZE_FILE, 'append');
  await base.write(file, Buffer.from(line));
  await base.close(file);
}

describe('a mailbox with a quota', () => {
  test('keeps maildirsize as Maildir++ has it', async () => {
    await send(delivery);
    await send(delivery);
    expect(sizeFile()).toBe(`${3 * MESSAGE_BYTES}S\n${MESSAGE_BYTES} 1\n${MESSAGE_BYTES} 1\n`);
  });

  test('takes mail up to its last octet, and then says 452 4.2.2 at RCPT already', async () => {
    for (let i = 0; i < 3; i += 1) expect((await send(delivery))[0]?.kind).toBe('delivered');
    await clock.advance(2000);
    const params = { sizeBytes: 10 };
    await expect(send(delivery, { params })).rejects.toMatchObject({
      code: 'mailbox-full',
      reply: { code: 452 },
    });
    const [outcome] = await send(delivery);
    expect(outcome).toMatchObject({
      kind: 'delayed',
      status: { class: 4, subject: 2, detail: 2 },
      scope: 'recipient',
    });
    expect(messages()).toHaveLength(3);
  });

  test('that a message can never fit into says 552 5.2.2', async () => {
    const params = { sizeBytes: 3 * MESSAGE_BYTES + 1 };
    await expect(send(delivery, { params })).rejects.toMatchObject({
      code: 'mailbox-too-small',
      permanent: true,
    });
    const content = Buffer.alloc(3 * MESSAGE_BYTES, 'x');
    expect((await send(delivery, { content }))[0]).toMatchObject({
      kind: 'failed',
      proof: 'policy',
      status: { class: 5, subject: 2, detail: 2 },
    });
    expect((await send(delivery, { content, recipients: [BOB] }))[0]?.kind).toBe('delivered');
  });

  test('is not filled twice over by deliveries at the same time', async () => {
    const outcomes = (await Promise.all(Array.from({ length: 9 }, () => send(delivery)))).flat();
    expect(outcomes.filter(({ kind }) => kind === 'delivered')).toHaveLength(3);
    expect(messages()).toHaveLength(3);
    const size = parseMaildirSize(sizeFile() ?? '');
    expect(size).toMatchObject({ usedBytes: 3 * MESSAGE_BYTES, messages: 3 });
  });

  test('has room again when a reader has noted that messages went', async () => {
    for (let i = 0; i < 3; i += 1) await send(delivery);
    await base.unlink(messages()[0] ?? '');
    await append(`-${MESSAGE_BYTES} -1\n`);
    await clock.advance(2000);
    expect((await send(delivery))[0]?.kind).toBe('delivered');
  });

  test('is counted anew before mail is refused, but not for every refusal', async () => {
    for (let i = 0; i < 3; i += 1) await send(delivery);
    await base.unlink(messages()[0] ?? ''); // by somebody who knows of no maildirsize
    await clock.advance(16 * 60_000);
    expect((await send(delivery))[0]?.kind).toBe('delivered');
    expect(sizeFile()).toBe(`${3 * MESSAGE_BYTES}S\n${2 * MESSAGE_BYTES} 2\n${MESSAGE_BYTES} 1\n`);
    const before = faulty.calls.length;
    for (let i = 0; i < 5; i += 1) await send(delivery);
    const lists = faulty.calls.slice(before).filter((call) => call.operation === 'list');
    expect(lists).toEqual([]);
  });

  test('is counted anew where the file is unreadable, of another limit or too long', async () => {
    await send(delivery);
    const wanted = `${3 * MESSAGE_BYTES}S\n${MESSAGE_BYTES} 1\n${MESSAGE_BYTES} 1\n`;
    const long = `${3 * MESSAGE_BYTES}S\n${'0 0\n'.repeat(1500)}`;
    for (const text of [
      'rubbish\n',
      `12S\n${MESSAGE_BYTES} 1\n`,
      `${MESSAGE_BYTES} 1\n`,
      '',
      long,
    ]) {
      await base.unlink(SIZE_FILE);
      await append(text);
      await clock.advance(2000);
      await send(delivery);
      expect(sizeFile()).toBe(wanted);
      await base.unlink(messages()[0] ?? '');
    }
  });

  test('counts folders and the files of others, by name or by looking', async () => {
    await send(delivery);
    await base.mkdir(`${MAILDIR}/.Sub`, 0o700);
    for (const place of ['cur', 'new', 'tmp']) await base.mkdir(`${MAILDIR}/.Sub/${place}`, 0o700);
    for (const [name, text] of [
      ['cur/1.M1P1.x,S=7:2,S', ''],
      ['new/2.M1P1.x', 'five\n'],
      ['tmp/3.M1P1.x,S=1000', ''],
    ] as const) {
      const file = await base.open(`${MAILDIR}/.Sub/${name}`, 'create');
      await base.write(file, Buffer.from(text));
      await base.close(file);
    }
    await base.unlink(SIZE_FILE);
    await clock.advance(2000);
    await send(delivery);
    expect(sizeFile()?.split('\n')[1]).toBe(`${MESSAGE_BYTES + 12} 3`);
  });

  test('counts a repeated delivery once', async () => {
    await send(delivery, { context: attempt('d', false) });
    await send(delivery, { context: attempt('d', true) });
    expect(parseMaildirSize(sizeFile() ?? '')).toMatchObject({ messages: 1 });
  });

  test('loses no mail when its size cannot be noted', async () => {
    await send(delivery);
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'open', path: /maildirsize/ });
    expect((await send(delivery))[0]?.kind).toBe('delivered');
    expect(messages()).toHaveLength(2);
    expect(parseMaildirSize(sizeFile() ?? '')).toMatchObject({ messages: 1 });
  });

  test('that cannot be read is trouble of now', async () => {
    await send(delivery);
    await clock.advance(2000);
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'open', path: /maildirsize/ });
    await expect(send(delivery)).rejects.toMatchObject({ code: 'local-trouble' });
  });
});

test('a mailbox without a quota has no maildirsize', async () => {
  await send(delivery, { recipients: [BOB] });
  expect(Object.keys(mailIn(base.files())).some((path) => path.includes('maildirsize'))).toBe(
    false,
  );
});

describe('maildirsize', () => {
  test.each([
    ['100S\n', { limitBytes: 100, usedBytes: 0, messages: 0 }],
    ['100S,5C\n10 1\n', { limitBytes: 100, usedBytes: 10, messages: 1 }],
    ['5C,100S\n10 1\n-4 -1\n', { limitBytes: 100, usedBytes: 6, messages: 0 }],
    ['100S\n   10   1  \n', { limitBytes: 100, usedBytes: 10, messages: 1 }],
    ['5C\n10 1\n', undefined],
    ['100S\n10\n', undefined],
    ['100S\n10 1\n\n', undefined],
    ['\n', undefined],
  ])('%j is read', (text, size) => {
    expect(parseMaildirSize(text)).toEqual(size);
  });

  test('comes back from what is written', () => {
    const number = fc.integer({ min: 0, max: 2 ** 40 });
    const sizes = fc.record({ limitBytes: number, usedBytes: number, messages: fc.nat(2 ** 30) });
    fc.assert(
      fc.property(sizes, (size) => {
        expect(parseMaildirSize(formatMaildirSize(size))).toEqual(size);
      }),
    );
  });

  test('of any text is read without a throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseMaildirSize(text)));
  });
});
