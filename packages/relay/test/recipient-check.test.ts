import { refuse } from '@posthouse/mail';
import { createManualClock, createRecordingReceiver, mailbox } from '@posthouse/testkit';
import type { ReceiverScript } from '@posthouse/testkit';
import { expect, it } from 'vitest';
import { createRecipientCheck } from '../src/recipient-check.ts';

function create(script: ReceiverScript) {
  const delivery = createRecordingReceiver(script);
  return { delivery, check: createRecipientCheck({}, { delivery, clock: createManualClock() }) };
}

it('knows whom the delivery agent takes, and leaves nothing there', async () => {
  const onRecipient = ({ localPart }: { readonly localPart: string }) =>
    localPart === 'dora' ? undefined : refuse('no-such-mailbox');
  const { check, delivery } = create({ onRecipient });
  expect(await check.knows(mailbox('dora@own.test'))).toBe(true);
  expect(await check.knows(mailbox('nobody@own.test'))).toBe(false);
  expect(delivery.open).toBe(0);
});

it('takes no refusal of MAIL for a recipient who is not there', async () => {
  const { check } = create({ onMail: () => refuse('peer-not-allowed') });
  await expect(check.knows(mailbox('dora@own.test'))).rejects.toThrow(/450 4\.4\.3/);
});

it('asks with SMTPUTF8 about an address that needs it', async () => {
  const seen: unknown[] = [];
  const { check } = create({ onMail: (_, params) => void seen.push(params.smtpUtf8) });
  await check.knows(mailbox('žluť@own.test'));
  await check.knows(mailbox('dora@own.test'));
  expect(seen).toEqual([true, undefined]);
});
