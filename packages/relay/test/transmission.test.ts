import {
  contentOf,
  createReply,
  enhancedStatus,
  formatMailbox,
  newTransactionId,
  NO_PARAMS,
  NULL_PATH,
  refuse,
  systemClock,
} from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import type { Attempt } from '@posthouse/queue';
import { createManualClock, mailbox, testContext } from '@posthouse/testkit';
import { expect, it } from 'vitest';
import { HostRests } from '../src/host-rests.ts';
import { createTransmission } from '../src/transmission.ts';

const TAKEN: RecipientOutcome = { kind: 'delivered', status: enhancedStatus(2, 0, 0) };

function attemptFor(...addresses: readonly string[]): Attempt {
  const id = newTransactionId(0);
  const context = testContext();
  return {
    message: {
      id,
      reversePath: NULL_PATH,
      params: NO_PARAMS,
      origin: context,
      prefix: Buffer.alloc(0),
      content: { kind: 'kept' },
      sizeBytes: 0,
      priority: 'interactive',
      acceptedAt: 0,
    },
    recipients: addresses.map((address, index) => ({
      message: id,
      index,
      forwardPath: mailbox(address),
      params: NO_PARAMS,
      state: 'queued',
      lane: 'hosts:outbound',
      site: 'hosts:outbound',
      attempts: 1,
      dueAt: 0,
      delayTold: false,
    })),
    content: contentOf(Buffer.from('Subject: s\r\n\r\nbody')),
    context,
    signal: new AbortController().signal,
  };
}

it('asks no host to take another domain’s mail, when routes have changed since the recipients were put together', async () => {
  const asked: string[] = [];
  const transmitter = createTransmission({
    routing: {
      isOwnDomain: (domain) => domain === 'own.test',
      routes: new Map(),
      accountRoutes: new Map(),
      senderRoutes: new Map(),
      outbound: { kind: 'mx' },
    },
    nextHosts: {
      find: async (route) => {
        const host = route.kind === 'mx' ? route.domain : 'host.test';
        return [{ name: host, endpoint: { host, port: 25 } }];
      },
    },
    memory: new HostRests(systemClock),
    delivery: { transmit: () => Promise.reject(new Error('the mailbox is ill')) },
    sendTo: async ({ name }, { recipients }) =>
      recipients.map(({ forwardPath }) => {
        asked.push(`${name}: ${formatMailbox(forwardPath)}`);
        return TAKEN;
      }),
  });
  const outcomes = await transmitter.transmit(
    attemptFor('a@one.test', 'b@own.test', 'c@two.test', 'd@one.test'),
  );
  expect(asked).toEqual(['one.test: a@one.test', 'one.test: d@one.test', 'two.test: c@two.test']);
  expect(outcomes.map(({ kind }) => kind)).toEqual([
    'delivered',
    'delayed',
    'delivered',
    'delivered',
  ]);
});

it('delays the recipients of a route that throws, whatever it throws, and keeps what the others have said', async () => {
  const transmitter = createTransmission({
    routing: {
      isOwnDomain: (domain) => domain === 'own.test',
      routes: new Map(),
      accountRoutes: new Map(),
      senderRoutes: new Map(),
      outbound: { kind: 'mx' },
    },
    nextHosts: { find: async () => [{ name: 'mx', endpoint: { host: 'mx', port: 25 } }] },
    memory: new HostRests(systemClock),
    delivery: { transmit: () => Promise.reject(refuse('no-such-mailbox')) },
    sendTo: async (_, { recipients }) => recipients.map(() => TAKEN),
  });
  const outcomes = await transmitter.transmit(attemptFor('a@one.test', 'b@own.test'));
  expect(outcomes).toMatchObject([{ kind: 'delivered' }, { kind: 'delayed' }]);
});

it('calls delivered what our own delivery agent has taken over the wire', async () => {
  const status = enhancedStatus(2, 0, 0);
  const reply = createReply(250, status, 'delivered');
  const transmitter = createTransmission({
    routing: {
      isOwnDomain: () => true,
      routes: new Map(),
      accountRoutes: new Map(),
      senderRoutes: new Map(),
      outbound: { kind: 'off' },
    },
    nextHosts: { find: () => Promise.reject(new Error('nobody looks for hosts')) },
    memory: new HostRests(systemClock),
    delivery: {
      transmit: async () => [{ kind: 'relayed', status, reply, notifies: false }],
    },
    sendTo: () => Promise.reject(new Error('nobody sends to hosts')),
  });
  expect(await transmitter.transmit(attemptFor('b@own.test'))).toEqual([
    { kind: 'delivered', status, reply },
  ]);
});

it('tries a host that asked for a rest after the others, until the rest is over', async () => {
  const clock = createManualClock();
  const asked: string[] = [];
  let overloaded = true;
  const host = (name: string) => ({ name, endpoint: { host: name, port: 25 } });
  const transmitter = createTransmission({
    routing: {
      isOwnDomain: () => false,
      routes: new Map(),
      accountRoutes: new Map(),
      senderRoutes: new Map(),
      outbound: { kind: 'hosts', name: 'outbound', hosts: [] },
    },
    nextHosts: { find: async () => [host('first.test'), host('second.test')] },
    memory: new HostRests(clock),
    delivery: { transmit: () => Promise.reject(new Error('nobody delivers')) },
    sendTo: async ({ name }, { recipients }) => {
      asked.push(name);
      const status = enhancedStatus(4, 7, 0);
      const rest = { kind: 'delayed', status, reason: 'too fast', scope: 'host' } as const;
      const isOver = overloaded && name === 'first.test';
      return recipients.map(() => (isOver ? { ...rest, overload: true, restMs: 60_000 } : TAKEN));
    },
  });
  const send = async (): Promise<string> => {
    asked.length = 0;
    const outcomes = await transmitter.transmit(attemptFor('a@one.test'));
    return `${asked.join(' ')}: ${outcomes.map(({ kind }) => kind).join(' ')}`;
  };
  expect(await send()).toBe('first.test second.test: delivered');
  expect(await send()).toBe('second.test: delivered');
  overloaded = false;
  await clock.advance(60_000);
  expect(await send()).toBe('first.test: delivered');
});
