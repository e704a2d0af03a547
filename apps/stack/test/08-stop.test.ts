/** Stopping in good manners: who is idle is told, what has begun is ended, nothing is lost. */
import { connectDialogue } from '@posthouse/testkit';
import type { DialogueClient } from '@posthouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { logIn, sendAsStranger, submit } from './system/author.ts';
import type { MailSystem } from './system/mail-system.ts';
import { arrival, newMail } from './system/mailbox.ts';
import { processesOf } from './system/process-shape.ts';
import { stackProcess } from './system/stack-process.ts';
import { threeProcesses } from './system/three-processes.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';

/** The relay may find that delivery has stopped before it. */
const TRIES_AGAIN_SOON = { relay: { retry: { schedule: ['1s'] } } };

/** An author in the middle of a message. */
async function beginMessage(system: MailSystem): Promise<DialogueClient> {
  const author = await logIn(system, ALICE);
  await author.play(
    `C: MAIL FROM:<${ALICE}>
     S+ 250
     C: RCPT TO:<${BOB}>
     S+ 250
     C: DATA
     S+ 354
     C: From: ${ALICE}`,
  );
  return author;
}

const END_OF_MESSAGE = 'C< \\r\\nLast words\\r\\n.\\r\\n\nS+ 250 2.0.0\nS: 421 4.3.2 *\n! end';

test.each([stackProcess, threeProcesses])(
  'SIGTERM ends what has begun, tells who is idle, and loses nothing ($name)',
  async (shape) => {
    const system = await shape.start(TRIES_AGAIN_SOON, onTestFinished);
    const idle = [await logIn(system, BOB)];
    for (const place of [system.relay, system.lmtp]) {
      const client = await connectDialogue(place);
      await client.play('S+ 220');
      idle.push(client);
    }
    const author = await beginMessage(system);
    const { delivery: firstLog } = system.logs;
    const processes = processesOf(system);
    for (const { process } of processes) process.signal('SIGTERM');
    // In one process the others are told when submission has ended what it began.
    for (const client of shape === threeProcesses ? idle : idle.slice(0, 1)) {
      await client.play('S: 421 4.3.2 *\n! end');
    }
    await author.play(END_OF_MESSAGE);
    for (const { process } of processes) {
      const { code, events } = await process.end;
      expect({ code, last: events.at(-1) }).toEqual({ code: 0, last: 'stopped' });
    }

    for (const agent of processes.toReversed()) await agent.restart();
    const wasDelivered = firstLog.events.some((event) => event['event'] === 'delivered');
    if (!wasDelivered) await system.logs.delivery.next('delivered', { recipient: BOB });
    await arrival(system, await submit(system, { author: ALICE, recipients: [BOB] }), BOB);
    expect(await newMail(system, BOB)).toHaveLength(2);
    await system.stop();
  },
);

test('a stack closes from the author towards the mailbox', async () => {
  const system = await stackProcess.start({}, onTestFinished);
  const idle = await logIn(system, BOB);
  const author = await beginMessage(system);
  const { process } = system.agents.submission;
  process.signal('SIGTERM');
  await idle.play('S: 421 4.3.2 *\n! end');
  // Submission takes no more, and the relay and delivery still serve what it has begun.
  await expect(logIn(system, ALICE)).rejects.toThrow('ECONNREFUSED');
  const sending = { author: 'dave@example.net', recipients: [BOB] };
  await arrival(system, await sendAsStranger(system.relay, sending), BOB, 'relay');
  await author.play(END_OF_MESSAGE);
  expect((await process.end).code).toBe(0);
});
