/** Two stacks in one process know nothing of each other. */
import { expect, onTestFinished, test } from 'vitest';
import { submit } from './system/author.ts';
import { arrival, newMail } from './system/mailbox.ts';
import { oneProcess } from './system/one-process.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';

test('two stacks side by side each deliver their own mail, and one goes on when the other stops', async () => {
  const [left, right] = await Promise.all([
    oneProcess.start({ aliases: { 'left@example.test': BOB } }, onTestFinished),
    oneProcess.start({ aliases: { 'right@example.test': BOB } }, onTestFinished),
  ]);
  const sending = { author: ALICE, recipients: ['left@example.test', 'right@example.test'] };
  const [toLeft, toRight] = await Promise.all([submit(left, sending), submit(right, sending)]);
  expect(toLeft.recipients.map((reply) => reply.slice(0, 3))).toEqual(['250', '550']);
  expect(toRight.recipients.map((reply) => reply.slice(0, 3))).toEqual(['550', '250']);
  await Promise.all([arrival(left, toLeft, BOB), arrival(right, toRight, BOB)]);

  await left.stop();
  await expect(submit(left, sending)).rejects.toThrow('ECONNREFUSED');
  await arrival(right, await submit(right, sending), BOB);
  expect(await newMail(left, BOB)).toHaveLength(1);
  expect(await newMail(right, BOB)).toHaveLength(2);
  await right.stop();
});
