import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDisk } from '@posthouse/durable-fs';
import { createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { VolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { Directory } from '@posthouse/directory';
import { silentLogger, systemClock } from '@posthouse/mail';
import type { Startable } from '@posthouse/mail';
import { createNextHop } from '@posthouse/smtp';
import type { ConnectTarget } from '@posthouse/smtp';
import { connectDialogue, domain } from '@posthouse/testkit';
import type { DialogueClient } from '@posthouse/testkit';
import { createDeliveryAgent } from '../src/agent.ts';
import type { DeliveryAgent, DeliveryAgentOptions } from '../src/agent.ts';
import { ALICE, BOB, attempt, createTestDirectory, mailIn, send, storedForm } from './harness.ts';

const HOSTNAME = domain('mx.example.test');

let directory: Directory & { remove(): Promise<void> };
let place: string;
beforeAll(async () => {
  directory = await createTestDirectory();
  place = await mkdtemp(join(tmpdir(), 'posthouse-lmtp-'));
});
afterAll(async () => {
  await directory.remove();
  await rm(place, { recursive: true });
});

let base: VolatileFileSystem;
const running: Startable[] = [];
beforeEach(() => {
  base = createVolatileFileSystem();
});
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

async function startAgent(options: Partial<DeliveryAgentOptions> = {}): Promise<DeliveryAgent> {
  const agent = createDeliveryAgent(
    {
      hostname: HOSTNAME,
      mailDirectory: '/mail',
      listen: { host: '127.0.0.1', port: 0 },
      allowedPeers: ['127.0.0.1'],
      ...options,
    },
    { directory, clock: systemClock, logger: silentLogger, disk: createDisk(base) },
  );
  await agent.start();
  running.push(agent);
  return agent;
}

async function dial(agent: DeliveryAgent): Promise<DialogueClient> {
  const { address } = agent;
  if (address === undefined) throw new TypeError('it does not listen');
  const client = await connectDialogue(address);
  running.push({ start: async () => undefined, stop: async () => client.destroy() });
  return client;
}

/** A relay's way to the agent. */
async function startHop(
  agent: DeliveryAgent,
  more: Partial<ConnectTarget> = {},
): Promise<ReturnType<typeof createNextHop>> {
  const { address } = agent;
  if (address === undefined) throw new TypeError('it does not listen');
  const target: ConnectTarget = {
    protocol: 'lmtp',
    endpoint: address,
    greeting: domain('relay.example.test'),
    tls: { mode: 'off', verify: false },
    shareContext: true,
    ...more,
  };
  const hop = createNextHop({ target }, { clock: systemClock, logger: silentLogger });
  await hop.start();
  running.push(hop);
  return hop;
}

function copies(): readonly string[] {
  return Object.values(mailIn(base.files())).toSorted((a, b) => a.length - b.length);
}

describe('over LMTP', () => {
  test('each recipient gets his own reply, and what is accepted is stored', async () => {
    const client = await dial(await startAgent());
    await client.play(
      `
      S: 220 mx.example.test *
      C: LHLO relay.example.test
      S+ 250
      C: MAIL FROM:<carol@elsewhere.test>
      S+ 250
      C: RCPT TO:<alice@example.test>
      C: RCPT TO:<nobody@example.test>
      C: RCPT TO:<bob+x@example.test>
      S+ 250
      S: 550 5.1.1 *
      S+ 250
      C: DATA
      S+ 354
      C: Delivered-To: alice@example.test
      C: Subject: x
      C< \\r\\n
      C: ..dot
      C: .
      S: 554 5.4.6 *
      S: 250 2.0.0 *
      C: QUIT
      S+ 221
      ! end`.replace('C:\n', 'C: \n'),
    );
    const [stored = '', ...others] = copies();
    expect(others).toEqual([]);
    expect(stored).toMatch(
      /^Return-Path: <carol@elsewhere\.test>\nDelivered-To: bob\+x@example\.test\nReceived: from relay\.example\.test \(\[127\.0\.0\.1\]\)\n\tby mx\.example\.test with LMTP id /,
    );
    expect(stored.endsWith('Subject: x\n\n.dot\n')).toBe(true);
  });

  test('EHLO promises only what is kept', async () => {
    const client = await dial(await startAgent({ maxMessageBytes: 70_000, maxRecipients: 123 }));
    await client.reply();
    client.send('LHLO x.test\r\n');
    const offers = (await client.reply()).map((line) => line.slice(4));
    expect(offers).toEqual(expect.arrayContaining(['SIZE 70000', '8BITMIME', 'SMTPUTF8']));
    expect(offers.join()).toMatch(/RCPTMAX=123/);
    for (const absent of ['DSN', 'AUTH', 'STARTTLS', 'XPOSTHOUSE']) {
      expect(offers.some((offer) => offer.startsWith(absent))).toBe(false);
    }
  });

  test('a host outside the allowed networks is turned away', async () => {
    const agent = await startAgent({ allowedPeers: ['192.0.2.0/24'] });
    await (
      await dial(agent)
    ).play(`
      S: 554 5.7.1 *
      ! end`);
    agent.reload({ allowedPeers: ['127.0.0.0/8'] });
    await (await dial(agent)).play('S: 220 *');
    expect(() => agent.reload({ allowedPeers: ['everybody'] })).toThrow(RangeError);
    await (await dial(agent)).play('S: 220 *');
  });

  test('it can be only called, and does not listen', async () => {
    const agent = await startAgent({ listen: undefined });
    expect(agent.address).toBeUndefined();
    expect((await send(agent.receiver))[0]?.kind).toBe('delivered');
  });
});

describe('a relay of ours', () => {
  test('repeats an attempt over the wire, and the mailbox has it once', async () => {
    const hop = await startHop(await startAgent({ trustedNetworks: ['127.0.0.1'] }));
    for (const repeat of [false, true, true]) {
      const outcomes = await send(hop, {
        recipients: [ALICE, BOB],
        context: attempt('wire-1', repeat),
      });
      expect(outcomes.map(({ kind }) => kind)).toEqual(['relayed', 'relayed']);
    }
    expect(copies()).toHaveLength(2);
    await send(hop, { context: attempt('wire-2', true) });
    expect(copies()).toHaveLength(3);
  });

  test('that is not believed delivers all the same, without a word about attempts', async () => {
    const agent = await startAgent({ logins: { relay: () => 'secret' } });
    const hop = await startHop(agent);
    for (const repeat of [false, true]) await send(hop, { context: attempt('wire-1', repeat) });
    expect(copies()).toHaveLength(2);
  });

  test('is not believed by its address alone', async () => {
    const hop = await startHop(await startAgent());
    for (const repeat of [false, true]) await send(hop, { context: attempt('wire-1', repeat) });
    expect(copies()).toHaveLength(2);
  });

  test('can be given a login while the agent runs', async () => {
    const agent = await startAgent();
    agent.reload({ allowedPeers: ['127.0.0.1'], logins: { relay: () => 'secret' } });
    const authentication = { user: 'relay', password: () => 'secret', allowWithoutTls: true };
    const hop = await startHop(agent, { authentication });
    for (const repeat of [false, true]) await send(hop, { context: attempt('wire-1', repeat) });
    expect(copies()).toHaveLength(1);
  });

  test('that logs in on a unix socket is believed', async () => {
    const path =
      process.platform === 'win32' ? String.raw`\\.\pipe\posthouse-lmtp` : join(place, 's');
    const agent = await startAgent({ listen: { path }, logins: { relay: async () => 'secret' } });
    const hop = await startHop(agent, {
      authentication: { user: 'relay', password: async () => 'secret' },
    });
    for (const repeat of [false, true]) {
      const outcomes = await send(hop, { context: attempt('wire-1', repeat) });
      expect(outcomes.map(({ kind }) => kind)).toEqual(['relayed']);
    }
    expect(copies()).toHaveLength(1);
  });

  test.each([
    ['relay', 'wrong'],
    ['nobody', 'secret'],
    ['empty', ''],
    ['__proto__', 'secret'],
  ])('%s with the password %j is no relay of ours', async (user, password) => {
    const path =
      process.platform === 'win32' ? String.raw`\\.\pipe\posthouse-lmtp` : join(place, 's');
    const logins = { relay: () => 'secret', empty: () => '' };
    const client = await dial(await startAgent({ listen: { path }, logins }));
    const response = Buffer.from(`\0${user}\0${password}`).toString('base64');
    await client.play(`
      S+ 220
      C: LHLO x.test
      S+ 250
      C: AUTH PLAIN ${response}
      S: 535 5.7.8 *`);
  });
});

test('what comes over the wire is stored as it was sent', async () => {
  const hop = await startHop(await startAgent());
  await send(hop);
  const [stored = ''] = copies();
  const [head = '', rest = ''] = stored.split('Received: from a by b;');
  expect(`${head.split('Received:')[0]}Received: from a by b;${rest}`).toBe(
    storedForm('alice@example.test'),
  );
});
