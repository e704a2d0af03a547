/** What is printed is computed from the rounds as it says. */
import { expect, test } from 'vitest';
import { readArguments } from '../src/arguments.ts';
import type { Result } from '../src/case/throughput.ts';
import { median, quantile, spread } from '../src/report/statistics.ts';
import { caseText } from '../src/report/table.ts';
import { harnessNote, summarize, throughputTable } from '../src/report/throughput.ts';

test.each([
  [[3], 3],
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
  [0, 1],
])('the quantile at %d of 1 to 100 is %d', (share, expected) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(quantile(values, share)).toBe(expected);
});

test('the spread is the width by the median', () => {
  expect(spread([90, 100, 120])).toBeCloseTo(0.3);
});

test('the ratio is Posthouse by the peer, end to end', () => {
  const rows = summarize([resultOf('posthouse', 2), resultOf('postfix', 8)]);
  expect(rows.map(({ posthouseRatio }) => posthouseRatio)).toEqual([undefined, 4]);
  expect(rows[0]).toMatchObject({ arrivedPerSecond: 500, cpuSecondsPerThousand: 1 });
  const facts = {
    name: 'mailbox',
    title: 'a case',
    syncDelayMs: 5,
    loadBefore: 0.5,
    loadAfter: 1,
    seconds: 61,
  };
  const text = caseText({ ...facts, rows, table: throughputTable(rows), notes: ['a note'] });
  expect(text).toContain('4.00 x');
  expect(text).toContain('25 %');
  expect(text).toContain('every sync 5 ms longer');
  expect(text).toContain('a note');
});

test('what driver and sink took of the machine is told', () => {
  expect(harnessNote(summarize([resultOf('posthouse', 2)]))).toBe(
    'driver and sink took CPU s/1000: posthouse 0.050 and 0.030',
  );
});

test('wrong options are told', () => {
  expect(() => readArguments(['--case', 'none'])).toThrow(
    'there is no case none; there is mailbox',
  );
  expect(() => readArguments(['--rounds', '0'])).toThrow('--rounds must be a whole number');
  expect(readArguments(['--help'])).toBeUndefined();
});

function resultOf(subject: 'posthouse' | 'postfix', arrivedSeconds: number): Result {
  const measurement = {
    messages: 1000,
    acceptedSeconds: 1,
    arrivedSeconds,
    cpuSeconds: 1,
    peakBytes: 1e6,
    idleShare: 0.25,
    driverCpuSeconds: 0.05,
    sinkCpuSeconds: 0.03,
  };
  return { subject, measurements: [measurement] };
}
