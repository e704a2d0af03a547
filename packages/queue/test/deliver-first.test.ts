import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { createSqliteStore, StoreError } from '../src/index.ts';
import type { RoutePlanner, Store } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { mortal, withVerbs } from './faulty-store.ts';
import {
  DELIVERED,
  eventKinds,
  MINUTE,
  NO_SUCH_USER,
  settle,
  startQueue,
  submit,
  turn,
} from './queue-under-test.ts';
import type { QueueUnderTest, Setting } from './queue-under-test.ts';

const EMPTY = { messages: 0, recipients: 0, contentBytes: 0 };
const FULL: RecipientOutcome = {
  kind: 'delayed',
  status: { class: 4, subject: 2, detail: 2 },
  reason: 'mailbox full',
  scope: 'recipient',
};

/** All of `own.test` is ours, and nothing else. */
const planner: RoutePlanner = {
  plan: ({ domain: lane }) => ({ lane, site: lane, own: lane === 'own.test' }),
};

/** A queue in front of our own mailboxes, and how often its store was asked to keep a message. */
async function startOwn(
  setting: Setting = {},
  verbs: Partial<Store> = {},
): Promise<QueueUnderTest & { readonly stored: () => number }> {
  let stored = 0;
  const kept = setting.deps?.store ?? createMemoryStore();
  const store = withVerbs(kept, {
    accept: (messages) => {
      stored += messages.length;
      return (verbs.accept ?? kept.accept.bind(kept))(messages);
    },
  });
  const started = await startQueue({ ...setting, deps: { planner, ...setting.deps, store } });
  return { ...started, stored: () => stored };
}

/** An outcome that is said when the test says so. */
function held(): {
  readonly outcome: Promise<RecipientOutcome>;
  say: (of: RecipientOutcome) => void;
} {
  const { promise, resolve } = Promise.withResolvers<RecipientOutcome>();
  return { outcome: promise, say: resolve };
}

describe('a message for our own mailboxes', () => {
  it('is delivered before it is answered for, and never stored; its events tell of it', async () => {
    const { queue, store, attempts, stored, stop } = await startOwn();
    const id = await submit(queue, { to: ['bob@own.test', 'carol@own.test'] });
    expect(attempts).toMatchObject([
      { addresses: ['bob@own.test', 'carol@own.test'], repeat: false },
    ]);
    expect(await attempts[0]?.text).toMatch(/^Received: by test\r\nFrom:/);
    expect(stored()).toBe(0);
    expect(store.usage()).toEqual(EMPTY);
    const kinds = ['accepted', 'accepted', 'delivered', 'delivered'];
    expect(await eventKinds(store)).toEqual(kinds);
    for (const text of ['one@example.test', 'alice@example.test', 'carol@own.test']) {
      const life = await store.trace({ text }, 10);
      expect(life.map(({ kind, message }) => [kind, message])).toEqual(
        kinds.map((kind) => [kind, id]),
      );
    }
    await stop();
  });

  it('makes room for what waited in the store because of it', async () => {
    const { outcome, say } = held();
    const { queue, attempts, stop } = await startOwn({
      script: () => outcome,
      concurrency: { maxActiveRecipients: 2 },
    });
    const first = submit(queue, { to: ['bob@own.test', 'carol@own.test'] });
    await turn(5);
    await submit(queue, { to: ['dave@other.test'] });
    await turn(5);
    expect(attempts).toHaveLength(1);
    say(DELIVERED);
    await first;
    await turn(10);
    expect(attempts.map(({ addresses }) => addresses)).toEqual([
      ['bob@own.test', 'carol@own.test'],
      ['dave@other.test'],
    ]);
    await stop();
  });

  it('is stored under the lease of its attempt where that failed for now, and comes again', async () => {
    const answers = [FULL, DELIVERED];
    const setting = { script: () => answers.shift() ?? DELIVERED };
    const { queue, store, attempts, clock, stored, stop } = await startOwn(setting);
    await submit(queue, { to: ['bob@own.test'] });
    expect(stored()).toBe(1);
    expect(store.usage().recipients).toBe(1);
    expect(await eventKinds(store)).toEqual(['accepted', 'attempted']);
    await clock.advance(30 * MINUTE);
    await turn(10);
    expect(attempts.map(({ repeat }) => repeat)).toEqual([false, true]);
    expect(store.usage()).toEqual(EMPTY);
    await stop();
  });

  it('comes again for those alone who did not get it', async () => {
    let tries = 0;
    const script = (address: string): RecipientOutcome =>
      address.startsWith('bob') || ++tries > 1 ? DELIVERED : FULL;
    const { queue, store, attempts, clock, stop } = await startOwn({ script });
    await submit(queue, { to: ['bob@own.test', 'carol@own.test'] });
    await clock.advance(30 * MINUTE);
    await turn(10);
    expect(attempts.map(({ addresses }) => addresses)).toEqual([
      ['bob@own.test', 'carol@own.test'],
      ['carol@own.test'],
    ]);
    expect(store.usage()).toEqual(EMPTY);
    await stop();
  });

  it('that cannot be delivered is taken all the same, and its author gets a notification', async () => {
    const script = (address: string): RecipientOutcome =>
      address === 'nobody@own.test' ? NO_SUCH_USER : DELIVERED;
    const { queue, store, attempts, clock, stop } = await startOwn({ script });
    await submit(queue, { to: ['nobody@own.test'] });
    await settle(clock);
    await turn(20);
    expect(await eventKinds(store)).toEqual(
      expect.arrayContaining(['failed', 'notification-sent']) as unknown,
    );
    expect(attempts.at(-1)?.addresses).toEqual(['alice@example.test']);
    await stop();
  });

  it('is stored where it takes too long, while its one attempt goes on', async () => {
    const { outcome, say } = held();
    const { queue, store, attempts, clock, stored, stop } = await startOwn({
      script: () => outcome,
    });
    await submit(queue, { to: ['bob@own.test'] }, clock);
    expect(stored()).toBe(1);
    expect(store.usage().recipients).toBe(1);
    await clock.advance(60 * MINUTE - 2000); // its lease is kept as long as the attempt may last
    expect(attempts).toHaveLength(1);
    say(DELIVERED);
    await turn(5);
    expect(await eventKinds(store)).toEqual(['accepted', 'delivered']);
    expect(store.usage()).toEqual(EMPTY);
    await stop();
  });

  it('is not attempted a second time by who comes after a crash, but for what was stored', async () => {
    const base = createMemoryStore();
    const { store, die } = mortal(base);
    const never = (): Promise<RecipientOutcome> => new Promise(() => undefined);
    const first = await startOwn({ script: never, deps: { store } });
    await submit(first.queue, { to: ['bob@own.test'] }, first.clock);
    die();
    const second = await startOwn({ deps: { store: base } });
    await settle(second.clock);
    await turn(10);
    expect(second.attempts).toMatchObject([{ addresses: ['bob@own.test'], repeat: true }]);
    await second.stop();
  });

  it('is refused where it can be neither delivered nor stored', async () => {
    const full = new StoreError('full', 'as told');
    const { queue, store, stop } = await startOwn(
      { script: () => FULL },
      { accept: () => Promise.reject(full) },
    );
    await expect(submit(queue, { to: ['bob@own.test'] })).rejects.toMatchObject({
      reply: { code: 452 },
    });
    expect(store.usage()).toEqual(EMPTY);
    expect(queue.activity()).toMatchObject({ attempts: 0, waiting: 0 });
    await stop();
  });

  it('is taken where it could not be stored in time and was delivered after all', async () => {
    const { outcome, say } = held();
    const { queue, store, clock, stop } = await startOwn(
      { script: () => outcome },
      {
        accept: () => {
          say(DELIVERED);
          return Promise.reject(new StoreError('full', 'as told'));
        },
      },
    );
    await submit(queue, { to: ['bob@own.test'] }, clock);
    expect(await eventKinds(store)).toEqual(['accepted', 'delivered']);
    await stop();
  });

  it('that is large is delivered from its file, and the file is gone', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'posthouse-queue-'));
    const store = createSqliteStore({ directory, maxInlineBytes: 10 }, { logger: silentLogger });
    const { queue, attempts, stored, stop } = await startOwn({ deps: { store } });
    await submit(queue, { to: ['bob@own.test'] });
    expect(await attempts[0]?.text).toContain('Hello');
    expect(stored()).toBe(0);
    await stop();
    const left = await readdir(join(directory, 'content'), {
      recursive: true,
      withFileTypes: true,
    });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    await rm(directory, { recursive: true });
  });

  it('gives the memory of its content back when it was delivered', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'posthouse-queue-'));
    const store = createSqliteStore({ directory }, { logger: silentLogger });
    const { queue, attempts, stop } = await startOwn({ deps: { store } });
    await submit(queue, { to: ['bob@own.test'] });
    expect(await attempts[0]?.text).toContain('Hello');
    expect(attempts[0]?.attempt.content.bytes).toHaveLength(0);
    await stop();
    await rm(directory, { recursive: true });
  });

  it('leaves nothing behind when the queue stops: its events are written', async () => {
    const base = createMemoryStore();
    const writing = Promise.withResolvers<void>();
    const slow = withVerbs(base, {
      log: (messages) => writing.promise.then(() => base.log(messages)),
    });
    const { queue, store, stop } = await startOwn({ deps: { store: slow } });
    await submit(queue, { to: ['bob@own.test'] });
    expect(await eventKinds(store)).toEqual([]);
    let stopped = false;
    const stopping = queue.stop().then(() => (stopped = true));
    await turn(5);
    expect(stopped).toBe(false);
    writing.resolve();
    await stopping;
    expect(await eventKinds(store)).toEqual(['accepted', 'delivered']);
    await stop();
  });
});

describe('what is stored first', () => {
  it.each([
    ['mail for others', { to: ['bob@elsewhere.test'] }, {}],
    ['mail for ours and others', { to: ['bob@own.test', 'eve@elsewhere.test'] }, {}],
    [
      'mail whose author wants to hear of success',
      { to: [{ address: 'bob@own.test', params: { notify: ['success'] } }] },
      {},
    ],
    ['all mail, where that is said', { to: ['bob@own.test'] }, { deliverFirstMs: 0 }],
  ] as const)('%s', async (_what, sample, setting) => {
    const begun: number[] = [];
    const under = await startOwn({
      ...setting,
      script: () => {
        begun.push(under.stored());
        return DELIVERED;
      },
    });
    await submit(under.queue, sample);
    await settle(under.clock);
    expect(begun[0]).toBe(1); // it was in the store when the first attempt began
    await under.stop();
  });

  it('mail that finds all attempts taken', async () => {
    const { outcome, say } = held();
    const { queue, clock, stored, stop } = await startOwn({
      script: () => outcome,
      concurrency: { ownPerLane: 1 },
    });
    const first = submit(queue, { to: ['bob@own.test'] });
    await turn();
    await submit(queue, { to: ['carol@own.test'] }); // without waiting for the first one
    expect(stored()).toBe(1);
    say(DELIVERED);
    await first;
    await settle(clock);
    await turn(5);
    expect(stored()).toBe(1);
    await stop();
  });
});
