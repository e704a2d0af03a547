import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFileSystem } from '@posthouse/durable-fs';
import { createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import { mailbox, describeReceiverContract } from '@posthouse/testkit';
import { ALICE, BOB, createTestDelivery, createTestDirectory, mailIn } from './harness.ts';

/** The recipient that a stored copy names, and the copy as it came. */
function copyOf(stored: string) {
  const recipient = /^Delivered-To: (.*)$/m.exec(stored)?.[1] ?? '';
  return {
    recipient: mailbox(recipient),
    bytes: Buffer.from(stored.replaceAll('\n', '\r\n'), 'latin1'),
  };
}

describeReceiverContract('a delivery agent over the file system', async () => {
  const mailDirectory = await mkdtemp(join(tmpdir(), 'posthouse-delivery-'));
  const directory = await createTestDirectory();
  const fileSystem = nodeFileSystem;
  const receiver = createTestDelivery({ directory, fileSystem, mailDirectory });
  await receiver.start();
  const files = async (): Promise<readonly string[]> =>
    (await readdir(mailDirectory, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  return {
    receiver,
    known: [ALICE, BOB],
    refused: mailbox('nobody@example.test'),
    taken: async () => {
      const paths = (await files()).filter((path) => path.includes('/Maildir/new/'));
      return Promise.all(paths.map(async (path) => copyOf(await readFile(path, 'latin1'))));
    },
    leftovers: async () => (await files()).filter((path) => !path.endsWith('.ledger')),
    stop: async () => {
      await receiver.stop();
      await directory.remove();
      await rm(mailDirectory, { recursive: true });
    },
  };
});

describeReceiverContract('a delivery agent with a quota, over files in memory', async () => {
  const fileSystem = createVolatileFileSystem();
  const directory = await createTestDirectory({ quotaBytes: 100_000_000 });
  const receiver = createTestDelivery({ directory, fileSystem });
  await receiver.start();
  const mail = () => Object.entries(mailIn(fileSystem.files()));
  return {
    receiver,
    known: [ALICE, BOB],
    refused: mailbox('alice@elsewhere.test'),
    taken: async () =>
      mail()
        .filter(([path]) => path.includes('/Maildir/new/'))
        .map(([path]) =>
          copyOf(Buffer.from(fileSystem.files().get(path) ?? []).toString('latin1')),
        ),
    leftovers: async () => mail().map(([path]) => path),
    stop: async () => {
      await receiver.stop();
      await directory.remove();
    },
  };
});
