/** A backlog is what one message was, many times over, with nothing else changed. */
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  NULL_PATH,
  newTraceId,
  newTransactionId,
  parseMailbox,
  silentLogger,
} from '@posthouse/mail';
import { createSqliteStore } from '@posthouse/queue';
import { expect, onTestFinished, test } from 'vitest';
import { BACKLOG_RUN, ORIGINAL } from '../src/backlog/copies.ts';
import { multiplyInSpool } from '../src/backlog/postfix-copies.ts';
import { multiplyInStore } from '../src/backlog/posthouse-copies.ts';
import { createPattern, messageHead, recognize } from '../src/message.ts';

const pattern = createPattern(2000);
const original = messageHead(BACKLOG_RUN, ORIGINAL) + pattern.storedEnd.replaceAll('\n', '\r\n');

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-backlog-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

test('in our store the original goes, and its copies are due at once', async () => {
  const directory = await temporaryDirectory();
  await queueOriginal(directory);
  const made: number[] = [];
  await multiplyInStore(directory, { messages: 502, made: (count) => made.push(count) });
  expect(made).toEqual([500, 502]);
  const store = createSqliteStore({ directory }, { logger: silentLogger });
  await store.start();
  onTestFinished(() => store.stop());
  const entries = await store.list({}, { limit: 1000 });
  expect(entries.every(({ recipient }) => recipient.attempts === 0)).toBe(true);
  const ids = entries.map(({ message }) => message.messageId);
  const expected = Array.from(
    { length: 502 },
    (_, index) => `<bench-backlog-${digits(index + 1)}@bench.test>`,
  );
  expect(ids.toSorted(byText)).toEqual(expected);
  const last = entries.find(({ message }) => message.messageId === expected.at(-1))?.message.id;
  const chunks: Uint8Array[] = [];
  if (last !== undefined) for await (const chunk of store.open(last)) chunks.push(chunk);
  expect(recognize(Buffer.concat(chunks).toString('latin1'), pattern, BACKLOG_RUN)).toBe(502);
  const due = await store.nextDueAt([]);
  expect(due).toBeLessThanOrEqual(Date.now());
});

test('in a spool of Postfix each copy is a file named for its inode', async () => {
  const spool = await temporaryDirectory();
  await mkdir(join(spool, 'incoming'));
  await mkdir(join(spool, 'deferred/A'), { recursive: true });
  await writeFile(join(spool, 'deferred/A/A1B2C'), original);
  await multiplyInSpool(spool, { messages: 3, made: () => undefined });
  const names = await readdir(join(spool, 'incoming'));
  const numbers = await Promise.all(
    names.map(async (name) => {
      const file = join(spool, 'incoming', name);
      const { ino, mode } = await stat(file);
      expect(name.slice(5)).toBe(ino.toString(16).toUpperCase());
      expect(mode & 0o777).toBe(0o700);
      return recognize(await readFile(file, 'latin1'), pattern, BACKLOG_RUN);
    }),
  );
  expect(new Set(numbers)).toEqual(new Set([1, 2, 3]));
  expect(await readdir(join(spool, 'deferred/A'))).toEqual([]);
});

const byText = (a = '', b = ''): number => (a < b ? -1 : 1);

function digits(number: number): string {
  return String(number).padStart(7, '0');
}

/** As a relay leaves it whose next hop does not listen. */
async function queueOriginal(directory: string): Promise<void> {
  const store = createSqliteStore({ directory }, { logger: silentLogger });
  await store.start();
  const at = Date.now();
  const id = newTransactionId(at);
  const bytes = Buffer.from(original, 'latin1');
  const forwardPath = parseMailbox('r0@sink.test');
  if (forwardPath === undefined) throw new Error('not a mailbox');
  const origin = { protocol: 'esmtp', peer: { address: '127.0.0.1', port: 1 } } as const;
  const recipient = { message: id, index: 0, forwardPath, params: {}, lane: 'sink', site: 'sink' };
  await store.accept([
    {
      message: {
        id,
        reversePath: NULL_PATH,
        params: {},
        origin: { ...origin, greeting: 'client.test', arrivedAt: at, traceId: newTraceId() },
        prefix: Buffer.from('Received: from client.test\r\n'),
        content: { kind: 'inline', bytes },
        sizeBytes: bytes.length,
        priority: 'interactive',
        acceptedAt: at,
      },
      recipients: [
        { ...recipient, state: 'queued', attempts: 1, dueAt: at + 300_000, delayTold: false },
      ],
      events: [],
    },
  ]);
  await store.deferLane('sink', at + 300_000);
  await store.stop();
}
