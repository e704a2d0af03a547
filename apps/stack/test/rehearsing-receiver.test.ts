import { NO_PARAMS, pour, contentOf } from '@posthouse/mail';
import {
  createManualClock,
  createRecordingReceiver,
  mailbox,
  testContext,
} from '@posthouse/testkit';
import { expect, test } from 'vitest';
import { createRehearsingReceiver } from '../src/rehearsal/rehearsing-receiver.ts';

test.each([
  ['slow-10s', 'recipient'],
  ['slow-10s-at-data', 'data'],
])('%s answers after that long, and then as ever', async (name, step) => {
  const clock = createManualClock();
  const next = createRecordingReceiver();
  const receiver = createRehearsingReceiver({ steps: ['recipient', 'data'] }, { next, clock });
  const transaction = receiver.begin(mailbox('a@b.test'), NO_PARAMS, testContext());
  const named = transaction.recipient(mailbox(`${name}@fail.posthouse.test`), NO_PARAMS);
  if (step === 'recipient') await expectWait(named, clock);
  await named;
  await pour(contentOf(Buffer.from('x\r\n')), transaction.stage(Buffer.alloc(0)));
  const committed = transaction.commit();
  if (step === 'data') await expectWait(committed, clock);
  expect(await committed).toMatchObject([{ kind: 'accepted' }]);
});

test('a client that gives up is not waited for', async () => {
  const clock = createManualClock();
  const next = createRecordingReceiver();
  const receiver = createRehearsingReceiver({ steps: ['recipient'] }, { next, clock });
  const transaction = receiver.begin(mailbox('a@b.test'), NO_PARAMS, testContext());
  const left = new AbortController();
  const slow = mailbox('slow-600s@fail.posthouse.test');
  const named = transaction.recipient(slow, NO_PARAMS, left.signal);
  left.abort();
  await expect(named).rejects.toThrow();
  await transaction.abort();
});

async function expectWait(
  answer: Promise<unknown>,
  clock: ReturnType<typeof createManualClock>,
): Promise<void> {
  await clock.advance(0); // until it waits
  let isAnswered = false;
  void answer.then(() => (isAnswered = true));
  await clock.advance(9_999);
  expect(isAnswered).toBe(false);
  await clock.advance(1);
}
