/** Power cuts: what has been accepted is delivered, and it is delivered once. */
import { expect, onTestFinished, test } from 'vitest';
import { submit } from './system/author.ts';
import { newMail } from './system/mailbox.ts';
import { processesOf } from './system/process-shape.ts';
import { stackProcess } from './system/stack-process.ts';
import { tap } from './system/tap.ts';
import type { Tap } from './system/tap.ts';
import { startThreeProcesses, threeProcesses } from './system/three-processes.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const TRIES_AGAIN_SOON = { relay: { retry: { schedule: ['1s'] } } };

test('the relay is killed after its 250, before anything was delivered', async () => {
  const system = await threeProcesses.start(TRIES_AGAIN_SOON, onTestFinished);
  const { delivery, relay } = system.agents;
  await delivery.stop();
  const { data } = await submit(system, { author: ALICE, recipients: [BOB] });
  expect(data).toMatch(/^250 2\.0\.0 /);
  await relay.process.kill();
  expect(await newMail(system, BOB)).toEqual([]);

  await delivery.restart();
  await relay.restart();
  await delivery.process.log.next('delivered', { recipient: BOB });
  expect(await newMail(system, BOB)).toHaveLength(1);
  await system.stop();
});

test('the relay is killed when delivery has delivered, before it could hear of it', async () => {
  let wire: Tap | undefined;
  const system = await startThreeProcesses(TRIES_AGAIN_SOON, onTestFinished, async (lmtp) => {
    wire = await tap(lmtp, onTestFinished);
    return wire;
  });
  const { delivery, relay } = system.agents;
  wire?.keepRepliesAfter(20_000); // so, when most of the content has passed
  const content = `From: ${ALICE}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(600)}`;
  await submit(system, { author: ALICE, recipients: [BOB], content });
  await delivery.process.log.next('delivered', { recipient: BOB });
  await relay.process.kill();

  wire?.passEverything();
  await relay.restart();
  await delivery.process.log.next('delivered-before', { recipient: BOB });
  await system.stop();
  expect(await newMail(system, BOB)).toHaveLength(1);
});

test.each([
  { shape: stackProcess, what: 'delivers', deliverFirst: '1s' },
  { shape: threeProcesses, what: 'stores', deliverFirst: '0s' },
])(
  'everything is killed in the midst of its work ($shape.name, which $what mail first)',
  async ({ shape, deliverFirst }) => {
    const settings = { ...TRIES_AGAIN_SOON, queue: { deliver_first: deliverFirst } };
    const system = await shape.start(settings, onTestFinished);
    const accepted: string[] = [];
    const write = async (name: string): Promise<void> => {
      for (let i = 0; ; i++) {
        const content = `From: ${ALICE}\r\nSubject: ${name}-${i}\r\n\r\nHello`;
        const { data } = await submit(system, { author: ALICE, recipients: [BOB], content });
        if (data?.startsWith('250') === true) accepted.push(`${name}-${i}`);
      }
    };
    const authors = Promise.allSettled(['red', 'green', 'blue'].map(write));
    for (let i = 0; i < 20; i++) await system.logs.delivery.next('delivered');
    const processes = processesOf(system);
    await Promise.all(processes.map(({ process }) => process.kill()));
    await authors; // each until the connection broke

    for (const agent of processes.toReversed()) await agent.restart();
    const { recipients } = await system.logs.relay.next('queue-opened');
    for (let i = 0; i < Number(recipients); i++) {
      await system.logs.delivery.next(['delivered', 'delivered-before']);
    }
    await system.stop();
    const mail = await newMail(system, BOB);
    const subjects = mail.flatMap((message) => message.values('subject'));
    // What was delivered first is promised a moment later: each author may lack his last 250.
    expect(accepted.length).toBeGreaterThanOrEqual(17);
    expect(subjects).toEqual(expect.arrayContaining(accepted));
    expect(new Set(subjects).size).toBe(subjects.length);
  },
);
