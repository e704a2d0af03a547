/** The pure rules of pacing: windows of rates, what sites were seen to bear, and their notes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AllowanceWindow } from '../src/allowance.ts';
import { Allowances } from '../src/allowances.ts';
import { EASE_MS, easedShape, slowedShape } from '../src/shape.ts';
import type { Shape } from '../src/shape.ts';
import { Shapes } from '../src/shapes.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const steps = fc.array(
  fc.record({ waitMs: fc.integer({ min: 0, max: 30_000 }), cost: fc.integer({ min: 1, max: 4 }) }),
  { maxLength: 200 },
);

describe('the window of a rate', () => {
  it('has no stretch of its length with more than its count', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 4, max: 30 }),
        fc.constantFrom(1000, 7777, MINUTE_MS, HOUR_MS),
        (walk, count, perMs) => {
          const window = new AllowanceWindow({ of: 'messages', perMs });
          const sent: { at: number; cost: number }[] = [];
          let now = 1_700_000_000_000;
          for (const { cost, waitMs } of walk) {
            now += waitMs;
            if (window.freeAt(now, cost, count) > now) continue;
            window.use(now, cost);
            sent.push({ at: now, cost });
          }
          for (const { at } of sent) {
            const inWindow = sent.filter((one) => one.at >= at && one.at < at + perMs);
            expect(inWindow.reduce((sum, one) => sum + one.cost, 0)).toBeLessThanOrEqual(count);
          }
        },
      ),
    );
  });

  it('has room when it says so, and at most a sixtieth later than it could', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (walk, count) => {
        const window = new AllowanceWindow({ of: 'messages', perMs: MINUTE_MS });
        let now = 1_700_000_000_000;
        for (const { cost, waitMs } of walk) {
          const asked = now + waitMs;
          now = window.freeAt(asked, cost, count);
          expect(now - asked).toBeLessThanOrEqual(MINUTE_MS + MINUTE_MS / 60 + 1);
          expect(window.freeAt(now, cost, count)).toBe(now);
          window.use(now, cost);
        }
      }),
    );
  });

  it('lets pass what is larger than itself, alone', () => {
    const window = new AllowanceWindow({ of: 'recipients', perMs: MINUTE_MS });
    expect(window.freeAt(0, 500, 100)).toBe(0);
    window.use(0, 500);
    expect(window.freeAt(1, 1, 100)).toBe(MINUTE_MS + MINUTE_MS / 60);
  });

  it('gives nothing away when the clock is set back', () => {
    const window = new AllowanceWindow({ of: 'messages', perMs: MINUTE_MS });
    window.use(DAY_MS, 5);
    window.use(HOUR_MS, 5);
    expect(window.usedAt(HOUR_MS)).toBe(10);
    expect(window.noted(HOUR_MS)?.slots).toHaveLength(1);
  });

  it('is kept in sixty slots or so, whatever goes through it', () => {
    const window = new AllowanceWindow({ of: 'messages', perMs: DAY_MS });
    for (let at = 0; at < 3 * DAY_MS; at += 1000) window.use(at, 1);
    expect(window.noted(3 * DAY_MS)?.slots.length).toBeLessThanOrEqual(62);
  });
});

describe('allowances', () => {
  const rates = [
    { of: 'messages', count: 3, perMs: 1000 },
    { of: 'recipients', count: 10, perMs: DAY_MS },
  ] as const;
  const one = { messages: 1, recipients: 5 };

  it('wait for the rate that makes them wait longest, of all their keys', () => {
    const allowances = new Allowances((key) => (key === 'free' ? [] : rates));
    expect(allowances.exhausted(['free', 'a'], one, 0)).toBeUndefined();
    allowances.use(['free', 'a'], one, 0);
    allowances.use(['free', 'a'], one, 0);
    expect(allowances.exhausted(['free'], one, 0)).toBeUndefined();
    expect(allowances.exhausted(['free', 'a', 'b'], one, 0)).toMatchObject({
      key: 'a',
      rate: rates[1],
    });
    const [short, long] = allowances.standings('a', 0);
    expect(short).toEqual({ ...rates[0], used: 2 });
    expect(long).toMatchObject({ ...rates[1], used: 10 });
    const freeAt = long?.freeAt ?? expect.unreachable();
    expect(allowances.standings('a', freeAt)[1]).toEqual({ ...rates[1], used: 0 });
  });

  it('outlive a restart by their notes, the long ones', () => {
    const before = new Allowances(() => rates);
    before.use(['a'], one, HOUR_MS);
    const notes = before.takeNotes(HOUR_MS);
    expect(notes.map(([key]) => key)).toEqual(['allowance a']);
    expect(before.takeNotes(HOUR_MS)).toEqual([]);
    const after = new Allowances(() => rates);
    after.restore(new Map(notes.map(([key, value]) => [key, value ?? ''])));
    expect(after.standings('a', 2 * HOUR_MS).map(({ used }) => used)).toEqual([0, 5]);
    expect(after.takeNotes(3 * DAY_MS)).toEqual([['allowance a', null]]);
  });

  it.each([
    '',
    '{',
    '[]',
    '[5]',
    '[{"of":"x"}]',
    '[{"of":"messages","perMs":1,"slots":[[1,"x"]]}]',
  ])('read %s without harm', (value) => {
    const allowances = new Allowances(() => rates);
    allowances.restore(new Map([['allowance a', value]]));
    expect(allowances.exhausted(['a'], one, 0)).toBeUndefined();
  });
});

describe('the shape of a site', () => {
  const load = { attempts: 20, perMinute: 100 };

  it('halves at an overload, once a minute', () => {
    const first = slowedShape(undefined, load, 0);
    expect(first).toMatchObject({ maxAttempts: 10, perMinute: 50 });
    expect(slowedShape(first, load, MINUTE_MS - 1)).toBe(first);
    expect(slowedShape(first, load, MINUTE_MS)).toMatchObject({ maxAttempts: 5, perMinute: 25 });
  });

  it('takes few messages for no reason to send fewer', () => {
    const shape = slowedShape(undefined, { attempts: 8, perMinute: 3 }, 0);
    expect(shape).not.toHaveProperty('perMinute');
    expect(shape.maxAttempts).toBe(4);
  });

  it('comes back step by step, until nothing is left of it', () => {
    let shape: Shape | undefined = slowedShape(undefined, load, 0);
    const rates: (number | undefined)[] = [];
    for (let at = EASE_MS; shape !== undefined && rates.length < 100; at += EASE_MS) {
      shape = easedShape(shape, 40, at);
      rates.push(shape?.perMinute);
    }
    expect(rates.slice(0, 3)).toEqual([60, 70, 80]);
    expect(shape).toBeUndefined();
    expect(rates.length).toBeLessThan(40);
  });

  it('stays between one and what is ordinary whatever happens', () => {
    const events = fc.array(
      fc.record({ over: fc.boolean(), waitMs: fc.integer({ min: 0, max: HOUR_MS }) }),
    );
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 40 }), (history, ordinary) => {
        let shape: Shape | undefined;
        let now = 0;
        for (const { over, waitMs } of history) {
          now += waitMs;
          const attempts = Math.min(ordinary, shape?.maxAttempts ?? ordinary);
          if (over) shape = slowedShape(shape, { attempts, perMinute: 50 }, now);
          else if (shape !== undefined) shape = easedShape(shape, ordinary, now);
          expect(shape?.maxAttempts ?? 1).toBeGreaterThanOrEqual(1);
          expect(shape?.maxAttempts ?? 1).toBeLessThanOrEqual(ordinary);
          expect(shape?.perMinute ?? 1).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  it('outlives a restart by its note, and is bounded', () => {
    const before = new Shapes();
    for (let n = 0; n < 6000; n++) before.set(`s${n}`, slowedShape(undefined, load, n));
    expect([...before.sites()]).toHaveLength(5000);
    const notes = new Map(before.takeNotes().flatMap(([k, v]) => (v === null ? [] : [[k, v]])));
    const after = new Shapes();
    after.restore(notes.set('shape odd', '{"tooMuch":"x"}'));
    expect(after.of('s5999')).toEqual(before.of('s5999'));
    expect(after.of('odd')).toBeUndefined();
    expect(after.takeNotes()).toEqual([['shape odd', null]]);
  });
});
