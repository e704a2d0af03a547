import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRetrySchedule } from '../src/index.ts';
import type { OpenAttempt, RetrySchedule } from '../src/index.ts';
import { DAY, HOUR, MINUTE } from './queue-under-test.ts';

const MIDDLE = 0.5;

function waitOf(schedule: RetrySchedule, attempt: Partial<OpenAttempt>, random = MIDDLE): number {
  const next = schedule.next({ ageMs: 0, attempts: 1, domain: 'example.test', ...attempt }, random);
  return next.kind === 'again' ? next.afterMs : -1;
}

describe('the default schedule', () => {
  const schedule = createRetrySchedule();

  it.each([
    [1, 5],
    [2, 10],
    [3, 20],
    [4, 30],
    [5, 60],
    [6, 120],
    [7, 180],
    [40, 180],
  ])('waits, after attempt %i, %i minutes', (attempts, minutes) => {
    expect(waitOf(schedule, { attempts })).toBe(minutes * MINUTE);
  });

  it.each([
    [1, 2],
    [2, 4],
    [3, 10],
    [4, 15],
    [5, 30],
    [8, 180],
  ])(
    'waits less where one recipient is greylisted: after attempt %i, %i minutes',
    (attempts, minutes) => {
      expect(waitOf(schedule, { attempts, scope: 'recipient' })).toBe(minutes * MINUTE);
    },
  );

  it('passes a greylist of five minutes at the third attempt, and one of fifteen at the fourth', () => {
    let age = 0;
    const ages = [1, 2, 3].map((attempts) => {
      age += waitOf(schedule, { ageMs: age, attempts, scope: 'recipient' });
      return age / MINUTE;
    });
    expect(ages).toEqual([2, 6, 16]);
  });

  it('tries for five days, the last time at the very end', () => {
    const last = 5 * DAY - HOUR;
    expect(waitOf(schedule, { ageMs: last, attempts: 40 })).toBe(HOUR);
    expect(schedule.next({ ageMs: 5 * DAY, attempts: 41, domain: 'example.test' }, 0)).toEqual({
      kind: 'expired',
    });
  });

  it('takes a recipient that could not be attempted as one attempted once', () => {
    expect(waitOf(schedule, { attempts: 0 })).toBe(5 * MINUTE);
  });
});

describe('a schedule of one’s own', () => {
  it('has other rules for some domains, and takes what they leave out from the general ones', () => {
    const schedule = createRetrySchedule({
      giveUpAfterMs: 2 * DAY,
      jitter: 0,
      domains: { 'slow.test': { waitsMs: [HOUR] }, 'short.test': { giveUpAfterMs: HOUR } },
    });
    expect(waitOf(schedule, { domain: 'slow.test' })).toBe(HOUR);
    expect(waitOf(schedule, { domain: 'slow.test', scope: 'recipient' })).toBe(HOUR);
    expect(schedule.giveUpAfterMs('slow.test')).toBe(2 * DAY);
    expect(schedule.giveUpAfterMs('short.test')).toBe(HOUR);
    expect(waitOf(schedule, { domain: 'other.test' })).toBe(5 * MINUTE);
  });

  it('has rules for all names below a domain, the nearest first', () => {
    const schedule = createRetrySchedule({
      jitter: 0,
      domains: {
        '*.test': { waitsMs: [HOUR] },
        '*.a.test': { waitsMs: [2 * HOUR] },
        'b.a.test': { waitsMs: [3 * HOUR] },
      },
    });
    const hours = ['x.test', 'a.test', 'x.a.test', 'b.a.test', 'c.b.a.test', 'test', 'a.example'];
    const waits = hours.map((domain) => waitOf(schedule, { domain }) / MINUTE);
    expect(waits).toEqual([60, 60, 120, 180, 120, 5, 5]);
  });

  it.each([
    [{ waitsMs: [] }, 'retry.waitsMs'],
    [{ waitsMs: [MINUTE, 0] }, 'retry.waitsMs'],
    [{ recipientWaitsMs: [Number.NaN] }, 'retry.recipientWaitsMs'],
    [{ giveUpAfterMs: -1 }, 'retry.giveUpAfterMs'],
    [{ jitter: 0.6 }, 'retry.jitter'],
    [{ domains: { 'a.test': { jitter: 2 } } }, 'retry.domains.a.test.jitter'],
  ])('is refused with its mistake named: %j', (options, where) => {
    expect(() => createRetrySchedule(options)).toThrow(where);
  });
});

describe('every schedule', () => {
  const rising = fc
    .array(fc.integer({ min: 1, max: DAY }), { minLength: 1, maxLength: 12 })
    .map((waits) => waits.toSorted((a, b) => a - b));
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const rules = fc.record({
    waitsMs: rising,
    recipientWaitsMs: rising,
    giveUpAfterMs: fc.integer({ min: 0, max: 10 * DAY }),
    jitter: fc.double({ min: 0, max: 0.5, noNaN: true }),
  });
  const scope = fc.constantFrom('host', 'message', 'recipient', undefined);
  const attempt = fc.record({
    ageMs: fc.integer({ min: 0, max: 12 * DAY }),
    attempts: fc.integer({ min: 0, max: 200 }),
    domain: fc.constant('example.test'),
  });

  it('never waits beyond the age at which it gives up, and waits at least a moment', () => {
    fc.assert(
      fc.property(rules, attempt, scope, chance, (rule, open, about, random) => {
        const next = createRetrySchedule(rule).next(
          about === undefined ? open : { ...open, scope: about },
          random,
        );
        if (open.ageMs >= rule.giveUpAfterMs) return next.kind === 'expired';
        if (next.kind === 'expired') return false;
        return next.afterMs >= 1 && open.ageMs + next.afterMs <= rule.giveUpAfterMs;
      }),
    );
  });

  it('keeps within its jitter', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 20 }), chance, (rule, attempts, random) => {
        const schedule = createRetrySchedule({ ...rule, giveUpAfterMs: 1000 * DAY });
        const base = rule.waitsMs[Math.min(attempts, rule.waitsMs.length) - 1] ?? 0;
        const wait = waitOf(schedule, { attempts }, random);
        return Math.abs(wait - base) <= base * rule.jitter + 1;
      }),
    );
  });

  it('with waits that rise, waits no less after more attempts', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 20 }), chance, (rule, attempts, random) => {
        const schedule = createRetrySchedule({ ...rule, giveUpAfterMs: 1000 * DAY });
        return (
          waitOf(schedule, { attempts }, random) <=
          waitOf(schedule, { attempts: attempts + 1 }, random)
        );
      }),
    );
  });

  it('comes to an end', () => {
    fc.assert(
      fc.property(rules, chance, (rule, random) => {
        const schedule = createRetrySchedule(rule);
        let ageMs = 0;
        const most = rule.giveUpAfterMs / (Math.min(...rule.waitsMs) * (1 - rule.jitter)) + 2;
        fc.pre(most < 100_000);
        for (let attempts = 1; attempts <= most; attempts++) {
          const next = schedule.next({ ageMs, attempts, domain: 'example.test' }, random);
          if (next.kind === 'expired') return true;
          ageMs += next.afterMs;
        }
        return false;
      }),
    );
  });
});
