/** What is printed is computed from the rounds as it says. */
import { expect, test } from 'vitest';
import { readArguments } from '../src/arguments.ts';
import type { Result } from '../src/compare.ts';
import { median, spread } from '../src/report/statistics.ts';
import { summarize } from '../src/report/summary.ts';
import { caseTable } from '../src/report/table.ts';

test.each([
  [[3], 3],
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('the spread is the width by the median', () => {
  expect(spread([90, 100, 120])).toBeCloseTo(0.3);
});

test('the ratio is Posthouse by the peer, end to end', () => {
  const facts = { name: 'mailbox', title: 'a case', syncDelayMs: 5, loadBefore: 0.5, loadAfter: 1 };
  const results = [resultOf('posthouse', 2), resultOf('postfix', 8)];
  const summary = summarize({ ...facts, results });
  expect(summary.rows.map(({ posthouseRatio }) => posthouseRatio)).toEqual([undefined, 4]);
  expect(summary.rows[0]).toMatchObject({ arrivedPerSecond: 500, cpuSecondsPerThousand: 1 });
  expect(caseTable(summary)).toContain('4.00 x');
});

test('wrong options are told', () => {
  expect(() => readArguments(['--case', 'none'])).toThrow('there is no case none');
  expect(() => readArguments(['--rounds', '0'])).toThrow('--rounds must be a whole number');
  expect(readArguments(['--help'])).toBeUndefined();
});

function resultOf(subject: 'posthouse' | 'postfix', arrivedSeconds: number): Result {
  const measurement = { messages: 1000, acceptedSeconds: 1, cpuSeconds: 1, peakBytes: 1e6 };
  return { subject, measurements: [{ ...measurement, arrivedSeconds }] };
}
