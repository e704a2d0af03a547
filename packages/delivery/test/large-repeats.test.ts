/** Repeats of messages that are larger than what is digested of them. */
import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Directory } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import type { VolatileFileSystem } from '@posthouse/durable-fs/testing';
import { parseDeliveryId, silentLogger } from '@posthouse/mail';
import { deliveryKey } from '../src/ledger/delivery-key.ts';
import { createLedger } from '../src/ledger/ledger.ts';
import { createNameMaker, newFileName } from '../src/maildir/message-name.ts';
import {
  ALICE,
  MESSAGE,
  attempt,
  createTestDelivery,
  createTestDirectory,
  createTestDisk,
  earlyClock,
  mailIn,
  send,
} from './harness.ts';

let directory: Directory & { remove(): Promise<void> };
beforeAll(async () => {
  directory = await createTestDirectory();
});
afterAll(() => directory.remove());

/** A message that has so many lines behind its header section. */
function messageOf(lines: number, body = 'Another line of that.'): Buffer {
  return Buffer.concat([MESSAGE, Buffer.from(`${body}\r\n`.repeat(lines))]);
}

/** The key that a version gave its copy which digested content whole. */
function formerKey(content: Buffer): string {
  const id = parseDeliveryId('d1');
  if (id === undefined) throw new TypeError('an id');
  const digest = hash('sha256', content.toString('latin1').replaceAll('\r\n', '\n'));
  return deliveryKey({ id, recipient: ALICE, occurrence: 0, digest });
}

const copies = (base: VolatileFileSystem): number =>
  Object.keys(mailIn(base.files())).filter((path) => path.includes('/new/')).length;

/** The same message, each in a transaction of its own. */
async function deliver(base: VolatileFileSystem, ...contents: readonly Buffer[]): Promise<void> {
  const delivery = createTestDelivery({ directory, fileSystem: base });
  await delivery.start();
  for (const content of contents) {
    await send(delivery, { context: attempt('d1', true), content });
  }
  await delivery.stop();
}

describe.each([
  ['in memory', 4_000],
  ['in a file', 20_000],
])('a large message, staged %s,', (_, lines) => {
  const content = messageOf(lines);

  test('is delivered once', async () => {
    const base = createTestDisk();
    await deliver(base, content, content);
    expect(copies(base)).toBe(1);
  });

  test('is told from others of its id by its first octets and its size', async () => {
    const base = createTestDisk();
    const longer = Buffer.concat([content, Buffer.from('.\r\n')]);
    await deliver(base, content, longer, messageOf(lines, 'Another line of this.'));
    expect(copies(base)).toBe(3);
  });

  test('is not delivered again that a version before had noted', async () => {
    const base = createTestDisk();
    const clock = earlyClock();
    const place = '/mail/.posthouse/ledger';
    await createDisk(base).directories.ensure(place);
    const deps = { disk: createDisk(base), clock, logger: silentLogger, boot: 'first' };
    const ledger = createLedger(place, deps);
    await ledger.start();
    ledger.conclude(formerKey(content));
    await clock.advance(200);
    await ledger.stop();
    await deliver(base, content);
    expect(copies(base)).toBe(0);
  });

  test('is not delivered again that a version before had put into the mailbox', async () => {
    const base = createTestDisk();
    const folder = '/mail/example.test/alice/Maildir/new';
    await createDisk(base).directories.ensure(folder);
    const name = createNameMaker('mx').next(0, formerKey(content));
    const file = await base.open(`${folder}/${newFileName(name, 1, 1)}`, 'create');
    await base.write(file, Buffer.from('.'));
    await base.close(file);
    await deliver(base, content);
    expect(copies(base)).toBe(1);
  });
});
