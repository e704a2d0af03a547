/** A relay without accounts of its own asks the delivery agent who exists, and never just says yes. */
import { expect, onTestFinished, test } from 'vitest';
import { submit } from './system/author.ts';
import { arrival, newMail } from './system/mailbox.ts';
import { startThreeProcesses } from './system/three-processes.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';

test('a relay that asks delivery', async () => {
  const system = await startThreeProcesses({}, onTestFinished);
  const { delivery, relay } = system.agents;
  await relay.reload({
    relay: { recipient_check: 'delivery', retry: { schedule: ['1s'] } },
    accounts: { file: 'nobody-here' },
  });
  await relay.stop();
  await relay.restart();

  const recipients = [BOB, 'bob+detail@example.test', 'nobody@example.test'];
  const sent = await submit(system, { author: ALICE, recipients });
  expect(sent.recipients.map((reply) => reply.slice(0, 9))).toEqual([
    '250 2.1.5',
    '250 2.1.5',
    '550 5.1.1',
  ]);
  await arrival(system, sent, BOB);
  await arrival(system, sent, 'bob+detail@example.test');

  // Whom it has asked about it knows for a while; of whom it has not, nobody can tell.
  await delivery.stop();
  const asked = await submit(system, { author: ALICE, recipients: [BOB, CAROL] });
  expect(asked.recipients.map((reply) => reply.slice(0, 9))).toEqual(['250 2.1.5', '450 4.4.3']);
  await delivery.restart();
  await arrival(system, asked, BOB);
  expect(await newMail(system, CAROL)).toEqual([]);
  await system.stop();
});
