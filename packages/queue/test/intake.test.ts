import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createField, formatFields, NO_PARAMS, refuse, silentLogger } from '@posthouse/mail';
import type { MailTransaction } from '@posthouse/mail';
import { mailbox, testContext } from '@posthouse/testkit';
import { createSqliteStore, StoreError } from '../src/index.ts';
import type { Queue, Store } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { withVerbs } from './faulty-store.ts';
import { MESSAGE, settle, startQueue, submit, turn } from './queue-under-test.ts';

const ALICE = mailbox('alice@example.test');
const BOB = mailbox('bob@example.net');

/** A transaction with bob as its recipient. */
async function toBob(queue: Queue): Promise<MailTransaction> {
  const transaction = queue.begin(ALICE, NO_PARAMS, testContext());
  await transaction.opened;
  await transaction.recipient(BOB, NO_PARAMS);
  return transaction;
}

async function write(transaction: MailTransaction, text: string): Promise<void> {
  const writer = transaction.stage(new Uint8Array());
  await writer.write(Buffer.from(text));
  await writer.end();
}

function failing(kind: StoreError['kind'], times = Infinity): Store {
  const store = createMemoryStore();
  let failed = 0;
  return withVerbs(store, {
    accept: async (messages) => {
      if (failed++ >= times) return store.accept(messages);
      if (kind === 'in-doubt') await store.accept(messages);
      throw new StoreError(kind, 'as told');
    },
  });
}

describe('what is recorded of a message', () => {
  it('is its envelope, origin, digest, size, Message-ID and priority', async () => {
    const { queue, store, clock, stop } = await startQueue({
      script: () => new Promise(() => undefined),
      drainMs: 0,
    });
    const id = await submit(queue, { to: ['bob@example.net'] });
    expect(await store.message(id)).toMatchObject({
      id,
      reversePath: ALICE,
      origin: { protocol: 'esmtp', greeting: 'client.example.test' },
      prefix: Buffer.from('Received: by test\r\n'),
      sizeBytes: MESSAGE.length,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      messageId: '<one@example.test>',
      priority: 'interactive',
      acceptedAt: clock.now(),
    });
    const { events } = await store.events(undefined, 10);
    expect(events).toMatchObject([
      { kind: 'accepted', recipient: 'bob@example.net', host: { name: 'client.example.test' } },
    ]);
    await stop();
  });
});

it('what is recorded of a message with TLS-Required: No is that, too', async () => {
  const { queue, store, stop } = await startQueue({
    script: () => new Promise(() => undefined),
    drainMs: 0,
  });
  const transaction = queue.begin(ALICE, NO_PARAMS, testContext());
  await transaction.recipient(BOB, NO_PARAMS);
  await write(transaction, 'Subject: s\r\nTLS-Required: No\r\n\r\nbody');
  await transaction.commit();
  expect(await store.message(transaction.id)).toMatchObject({ tlsOptional: true });
  await stop();
});

describe('limits', () => {
  it('refuse a declared size at MAIL, and a real one while it is written', async () => {
    const { queue, store, stop } = await startQueue({ maxMessageBytes: 100 });
    const declared = queue.begin(ALICE, { sizeBytes: 101 }, testContext());
    await expect(declared.opened).rejects.toMatchObject({ code: 'message-too-large' });
    await expect(declared.recipient(BOB, NO_PARAMS)).rejects.toMatchObject({
      code: 'message-too-large',
    });
    const transaction = await toBob(queue);
    const writer = transaction.stage(new Uint8Array());
    await writer.write(Buffer.alloc(100));
    await expect(writer.write(Buffer.alloc(1))).rejects.toMatchObject({
      code: 'message-too-large',
    });
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'message-too-large' });
    await transaction.abort();
    expect(store.usage().messages).toBe(0);
    await stop();
  });

  it('refuse recipients for their number only, and take the others', async () => {
    const { queue, clock, attempts, stop } = await startQueue({ maxRecipients: 1 });
    const transaction = await toBob(queue);
    await expect(transaction.recipient(BOB, NO_PARAMS)).rejects.toMatchObject({
      code: 'too-many-recipients',
    });
    await write(transaction, MESSAGE);
    expect(await transaction.commit()).toHaveLength(1);
    await settle(clock);
    expect(attempts).toHaveLength(1);
    expect(queue.capabilities()).toMatchObject({ maxRecipients: 1, dsn: true });
    await stop();
  });

  const full = { code: 'insufficient-storage', reply: { code: 452 } };

  it('refuse everything at MAIL when too much is queued', async () => {
    const { queue, stop } = await startQueue({
      script: () => new Promise(() => undefined),
      drainMs: 0,
      backPressure: { maxQueuedMessages: 2 },
    });
    for (let n = 0; n < 2; n++) await submit(queue, { to: ['bob@example.net'] });
    await expect(submit(queue, { to: ['bob@example.net'] })).rejects.toMatchObject(full);
    await stop();
  });

  it('count what transactions that are under way have declared', async () => {
    const { queue, stop } = await startQueue({ backPressure: { maxQueuedBytes: 1000 } });
    const first = queue.begin(ALICE, { sizeBytes: 900 }, testContext());
    await first.opened;
    const second = queue.begin(ALICE, { sizeBytes: 900 }, testContext());
    await expect(second.opened).rejects.toMatchObject(full);
    await first.abort();
    await queue.begin(ALICE, { sizeBytes: 900 }, testContext()).opened;
    await stop();
  });

  it('refuse everything when the disk is nearly full, and not when it cannot be asked', async () => {
    let free: number | Error = 10_000;
    const { queue, clock, stop } = await startQueue({
      backPressure: { minFreeDiskBytes: 5000 },
      deps: {
        freeDiskBytes: async () => {
          if (typeof free === 'number') return free;
          throw free;
        },
      },
    });
    await submit(queue, { to: ['bob@example.net'] });
    free = 4000;
    await clock.advance(1000);
    await submit(queue, { to: ['bob@example.net'] }); // asks in the background
    await expect(submit(queue, { to: ['bob@example.net'] })).rejects.toMatchObject(full);
    free = 6000;
    await clock.advance(1000);
    await expect(submit(queue, { to: ['bob@example.net'] })).rejects.toMatchObject(full);
    await submit(queue, { to: ['bob@example.net'] });
    free = new Error('EIO');
    await clock.advance(1000);
    await submit(queue, { to: ['bob@example.net'] });
    await submit(queue, { to: ['bob@example.net'] });
    await stop();
  });

  it('refuse everything while the process holds too much memory', async () => {
    let used = 1000;
    const { queue, clock, stop } = await startQueue({
      backPressure: { maxMemoryBytes: 1000 },
      deps: { usedMemoryBytes: () => used },
    });
    await submit(queue, { to: ['bob@example.net'] });
    used = 1001;
    await clock.advance(1000);
    await expect(submit(queue, { to: ['bob@example.net'] })).rejects.toMatchObject({
      ...full,
      fields: { limit: 'memory' },
    });
    used = 1000;
    await clock.advance(1000);
    await submit(queue, { to: ['bob@example.net'] });
    await stop();
  });
});

describe('trouble of the store', () => {
  it.each([
    ['full', 'insufficient-storage'],
    ['unavailable', 'local-trouble'],
    ['damaged', 'local-trouble'],
  ] as const)('%s at the commit is said as %s, and leaves nothing', async (kind, code) => {
    const under = await startQueue({ deps: { store: failing(kind, 1) } });
    await expect(submit(under.queue, { to: ['bob@example.net'] })).rejects.toMatchObject({ code });
    expect(under.store.usage().messages).toBe(0);
    await submit(under.queue, { to: ['bob@example.net'] });
    await settle(under.clock);
    expect(under.attempts).toHaveLength(1);
    await under.stop();
  });

  it('that leaves a commit in doubt makes it ask again, and take the message once', async () => {
    const under = await startQueue({ deps: { store: failing('in-doubt', 2) } });
    await submit(under.queue, { to: ['bob@example.net'] });
    await settle(under.clock);
    expect(under.attempts).toHaveLength(1);
    expect(under.store.usage().messages).toBe(0);
    await under.stop();
  });

  it('in writing is said at once', async () => {
    const store = createMemoryStore();
    const { queue, stop } = await startQueue({
      deps: {
        store: withVerbs(store, {
          stage: () => ({
            ...store.stage(),
            write: async () => {
              throw new StoreError('full', 'no space');
            },
          }),
        }),
      },
    });
    const transaction = await toBob(queue);
    await expect(write(transaction, MESSAGE)).rejects.toMatchObject({
      code: 'insufficient-storage',
    });
    await transaction.abort();
    await stop();
  });

  it('in writing an attempt’s end keeps the end until it can be written', async () => {
    const store = createMemoryStore();
    let broken = true;
    const under = await startQueue({
      deps: {
        store: withVerbs(store, {
          conclude: async (units) => {
            if (broken) throw new StoreError('unavailable', 'EIO');
            return store.conclude(units);
          },
        }),
      },
    });
    await submit(under.queue, { to: ['bob@example.net'] });
    await under.clock.advance(60_000);
    expect(under.attempts).toHaveLength(1);
    broken = false;
    await under.clock.advance(60_000);
    expect(under.attempts).toHaveLength(1);
    expect(store.usage().messages).toBe(0);
    await under.stop();
  });

  it('in claiming is asked again', async () => {
    const store = createMemoryStore();
    let broken = true;
    const under = await startQueue({
      // Nothing is leased at once, so that all goes by claims.
      concurrency: { maxActiveRecipients: 1 },
      deps: {
        store: withVerbs(store, {
          claim: async (request) => {
            if (broken) throw new StoreError('unavailable', 'EIO');
            return store.claim(request);
          },
        }),
      },
    });
    await submit(under.queue, { to: ['bob@example.net', 'carol@example.org'] });
    await under.clock.advance(60_000);
    broken = false;
    await under.clock.advance(60_000);
    await turn(10);
    expect(under.attempts).toHaveLength(2);
    await under.stop();
  });
});

describe('an inspector', () => {
  it('sees the whole message and puts fields in front of it', async () => {
    let seen = '';
    const under = await startQueue({
      deps: {
        inspect: async ({ recipients }, content) => {
          for await (const chunk of content.open()) seen += Buffer.from(chunk).toString();
          return formatFields([createField('X-Seen', String(recipients.length))]);
        },
      },
    });
    await submit(under.queue, { to: ['bob@example.net'] });
    await settle(under.clock);
    expect(seen).toBe(MESSAGE);
    expect(await under.attempts[0]?.text).toBe(`X-Seen: 1\r\nReceived: by test\r\n${MESSAGE}`);
    await under.stop();
  });

  it('sees a message that is kept in a file, too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'posthouse-queue-'));
    const store = createSqliteStore({ directory, maxInlineBytes: 1000 }, { logger: silentLogger });
    const content = `${MESSAGE}${'x'.repeat(70)}\r\n`.repeat(100);
    let seen = '';
    const under = await startQueue({
      deps: {
        store,
        inspect: async (_, staged) => {
          for await (const chunk of staged.open()) seen += Buffer.from(chunk).toString();
          return new Uint8Array();
        },
      },
    });
    await submit(under.queue, { to: ['bob@example.net'], content });
    expect(seen).toBe(content);
    await under.stop();
    await rm(directory, { recursive: true });
  });

  it('may refuse', async () => {
    const under = await startQueue({
      deps: {
        inspect: async () => {
          throw refuse('message-malformed');
        },
      },
    });
    await expect(submit(under.queue, { to: ['bob@example.net'] })).rejects.toMatchObject({
      code: 'message-malformed',
    });
    expect(under.store.usage().messages).toBe(0);
    await under.stop();
  });
});
