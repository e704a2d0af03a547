import { expect, it } from 'vitest';
import { createSendingAllowance } from '../src/limits.ts';

const HOUR_MS = 3_600_000;

it('lets an hour’s worth go at once, then as fast as it fills', () => {
  const allowance = createSendingAllowance({ maxRecipientsPerHour: 60 });
  const takeAll = (now: number): number => {
    let taken = 0;
    while (allowance.takeRecipient('alice', now)) taken++;
    return taken;
  };
  expect(takeAll(0)).toBe(60);
  expect(takeAll(60_000)).toBe(1);
  expect(takeAll(60_000 + HOUR_MS)).toBe(60);
});

it('keeps accounts apart, and gives nothing for a clock set back', () => {
  const allowance = createSendingAllowance({ maxMessagesPerHour: 1 });
  expect(allowance.takeMessage('alice', HOUR_MS)).toBe(true);
  expect(allowance.takeMessage('bob', HOUR_MS)).toBe(true);
  expect(allowance.takeMessage('alice', 0)).toBe(false);
});
