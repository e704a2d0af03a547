/** Orders to a queue, with fields as people write them, over the store of a relay that stands still. */
import { newTransactionId, parseMessageId, silentLogger } from '@posthouse/mail';
import { createMemoryStore } from '@posthouse/queue';
import type { NewMessage, Store } from '@posthouse/queue';
import { createManualClock, domain, mailbox, testContext } from '@posthouse/testkit';
import type { ManualClock } from '@posthouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createStandingQueue } from '../src/index.ts';
import { readSelection } from '../src/operation/selection-fields.ts';
import type { OrderFields } from '../src/index.ts';

const CONTENT = Buffer.from('Subject: Hello\r\n\r\nHow are you?\r\n');
const PREFIX = Buffer.from('Received: from here\r\n');
const HOUR_MS = 3_600_000;

interface Ordered {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly order: (verb: string, fields?: OrderFields) => Promise<readonly object[]>;
  /** The answer as it comes. */
  readonly follow: (verb: string, fields?: OrderFields) => AsyncIterator<object>;
}

async function standing(): Promise<Ordered> {
  const [store, clock] = [createMemoryStore(), createManualClock()];
  const deps = { store, clock, logger: silentLogger };
  const directory = { isOwnDomain: () => false, expand: () => ({ finals: [], lost: [] }) };
  const options = { hostname: domain('mx.example.test'), outbound: { kind: 'mx' } } as const;
  const queue = createStandingQueue(options, { ...deps, directory });
  await queue.start();
  onTestFinished(() => queue.stop());
  const answerOf = (verb: string, fields: OrderFields): AsyncIterable<object> => {
    const carryOut = queue.verbs[verb];
    if (carryOut === undefined) throw new TypeError(`there is no order ${verb}`);
    return carryOut(fields);
  };
  return {
    store,
    clock,
    async order(verb, fields = {}) {
      const items: object[] = [];
      for await (const item of answerOf(verb, fields)) items.push(item);
      return items;
    },
    follow: (verb, fields = {}) =>
      answerOf(verb, { ...fields, follow: true })[Symbol.asyncIterator](),
  };
}

function message(clock: ManualClock, ...recipients: readonly string[]): NewMessage {
  const id = newTransactionId(clock.now());
  const messageId = parseMessageId('<m1@example.test>');
  return {
    message: {
      id,
      reversePath: mailbox('alice@example.test'),
      params: {},
      origin: testContext(),
      prefix: PREFIX,
      content: { kind: 'inline', bytes: CONTENT },
      sizeBytes: CONTENT.byteLength,
      ...(messageId && { messageId }),
      priority: 'interactive',
      acceptedAt: clock.now(),
    },
    recipients: recipients.map((recipient, index) => ({
      message: id,
      index,
      forwardPath: mailbox(recipient),
      params: {},
      state: 'queued',
      lane: 'mx:example.net',
      site: 'mx:example.net',
      attempts: 0,
      dueAt: clock.now() + HOUR_MS,
      delayTold: false,
    })),
    events: recipients.map((recipient, index) => ({
      kind: 'accepted',
      message: id,
      index,
      at: clock.now(),
      recipient,
    })),
  };
}

test('a list tells who, how it stands and when it goes on', async () => {
  const { clock, order, store } = await standing();
  await store.accept([message(clock, 'bob@example.net', 'carol@example.org')]);
  expect(await order('queue.list', { domain: 'example.net' })).toEqual([
    {
      id: expect.stringMatching(/^\w{19}$/) as string,
      index: 0,
      sender: 'alice@example.test',
      recipient: 'bob@example.net',
      state: 'queued',
      attempts: 0,
      acceptedAt: new Date(clock.now()).toISOString(),
      nextAttemptAt: new Date(clock.now() + HOUR_MS).toISOString(),
      sizeBytes: CONTENT.byteLength,
      messageId: '<m1@example.test>',
      lane: 'mx:example.net',
    },
  ]);
  expect(await order('queue.list', { limit: 1 })).toHaveLength(1);
});

test.each([
  [{ state: 'held' }, 0],
  [{ state: 'queued' }, 2],
  [{ state: 'active' }, 0],
  [{ domain: 'Example.NET' }, 1],
  [{ sender: '<alice@example.test>' }, 2],
  [{ sender: '<>' }, 0],
  [{ recipient: 'Carol@example.org' }, 1],
  [{ olderMs: 2 * HOUR_MS }, 0],
  [{ olderMs: HOUR_MS - 1 }, 2],
])('the filter %j means %i recipients', async (fields, count) => {
  const { clock, order, store } = await standing();
  await store.accept([message(clock, 'bob@example.net', 'carol@example.org')]);
  await clock.advance(HOUR_MS);
  expect(await order('queue.list', fields)).toHaveLength(count);
});

test.each([
  { id: 'x' },
  { state: 'new' },
  { domain: 'no domain' },
  { sender: 'bob' },
  { recipient: '' },
  { index: -1 },
  { olderMs: 'long' },
])('%j cannot be read, and never means all', (fields) => {
  expect(() => readSelection(fields, 0)).toThrow(TypeError);
});

test('a message is shown with its content, and one that is not there not at all', async () => {
  const { clock, order, store } = await standing();
  const sent = message(clock, 'bob@example.net');
  await store.accept([sent]);
  const [envelope, recipient, ...pieces] = await order('queue.show', {
    id: sent.message.id,
    content: true,
  });
  expect(envelope).toMatchObject({
    envelope: { id: sent.message.id, sender: 'alice@example.test' },
  });
  expect(recipient).toMatchObject({ recipient: { recipient: 'bob@example.net', state: 'queued' } });
  const octets = pieces.map((piece) =>
    Buffer.from('base64' in piece ? String(piece.base64) : '', 'base64'),
  );
  expect(Buffer.concat(octets)).toEqual(Buffer.concat([PREFIX, CONTENT]));
  expect(await order('queue.show', { id: newTransactionId(0) })).toEqual([]);
});

test('holding, releasing and removing are told by their number, and stand in the trace', async () => {
  const { clock, order, store } = await standing();
  const sent = message(clock, 'bob@example.net', 'carol@example.org');
  await store.accept([sent]);
  const { id } = sent.message;
  expect(await order('queue.hold', { id })).toEqual([{ changed: 2 }]);
  expect(await order('queue.release', { recipient: 'bob@example.net' })).toEqual([{ changed: 1 }]);
  expect(await order('queue.remove', { state: 'held' })).toEqual([{ removed: 1, busy: 0 }]);
  const traced = await order('queue.trace', { subject: id });
  expect(traced.map((item) => ('event' in item ? item.event : undefined))).toMatchObject([
    { kind: 'accepted', recipient: 'bob@example.net' },
    { kind: 'accepted', recipient: 'carol@example.org' },
    { kind: 'held' },
    { kind: 'held' },
    { kind: 'released', recipient: 'bob@example.net' },
    { kind: 'removed', recipient: 'carol@example.org' },
  ]);
});

test('the event log is read on from where one was', async () => {
  const { clock, order, store } = await standing();
  await store.accept([message(clock, 'bob@example.net')]);
  const [first, last] = await order('queue.events');
  expect([first, last]).toEqual([
    {
      event: expect.objectContaining({ kind: 'accepted' }) as object,
      line: expect.stringContaining('<bob@example.net> accepted') as string,
      cursor: expect.anything() as string,
    },
    { isCaughtUp: true },
  ]);
  await order('queue.hold');
  const after = first !== undefined && 'cursor' in first ? first.cursor : undefined;
  expect(await order('queue.events', { after })).toMatchObject([
    { event: { kind: 'held' } },
    { isCaughtUp: true },
  ]);
});

test('a reader of the event log who missed some is told first', async () => {
  const { clock, order, store } = await standing();
  await store.accept([message(clock, 'bob@example.net')]);
  const [first] = await order('queue.events');
  await order('queue.hold');
  await order('queue.release');
  await store.forgetEvents(clock.now() + 1, 2);
  const after = first !== undefined && 'cursor' in first ? first.cursor : undefined;
  expect(await order('queue.events', { after })).toMatchObject([
    { isGap: true },
    { event: { kind: 'released' } },
    { isCaughtUp: true },
  ]);
});

test('what becomes of an address is followed, of messages that come later too', async () => {
  const { clock, follow, order, store } = await standing();
  await store.accept([message(clock, 'bob@example.net'), message(clock, 'carol@example.net')]);
  const answer = follow('queue.trace', { subject: '<BOB@example.net>' });
  const next = async (): Promise<unknown> => (await answer.next()).value;
  const ofBob = { recipient: 'bob@example.net' };
  expect(await next()).toMatchObject({ event: { kind: 'accepted', ...ofBob } });
  const held = next();
  await order('queue.hold', { domain: 'example.net' });
  expect(await held).toMatchObject({ event: { kind: 'held', ...ofBob } });
  const accepted = next();
  await store.accept([message(clock, 'dave@example.net'), message(clock, 'bob@example.net')]);
  expect(await accepted).toMatchObject({ event: { kind: 'accepted', ...ofBob } });
  await answer.return?.();
});
