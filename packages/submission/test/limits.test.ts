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

it('does not walk over all accounts with each message', { timeout: 10_000 }, () => {
  const allowance = createSendingAllowance({ maxMessagesPerHour: 2 });
  const take = (n: number): boolean => allowance.takeMessage(`account-${n}`, 0);
  for (let n = 0; n < 100_000; n++) take(n);
  expect(take(99_999)).toBe(true);
  expect([take(0), take(0)]).toEqual([true, false]);
});
