/** The pure rules of scheduling: windows, health, what outcomes say of a host, priorities. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NULL_PATH } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import { grownWindow, openWindow, shrunkWindow } from '../src/concurrency-window.ts';
import { awake, healthAt, troubled, WELL } from '../src/health.ts';
import type { Health } from '../src/health.ts';
import { judgementOf } from '../src/judgement.ts';
import { LaneRegister } from '../src/lane.ts';
import { priorityOf } from '../src/priority.ts';
import { DELIVERED, GREYLISTED, HOST_DOWN, NO_SUCH_USER } from './queue-under-test.ts';

function times<T>(count: number, value: T, step: (value: T) => T): T {
  let result = value;
  for (let n = 0; n < count; n++) result = step(result);
  return result;
}

describe('a concurrency window', () => {
  it('grows by one after a window’s worth of successes, up to its limit', () => {
    const grow = (window: ReturnType<typeof openWindow>) => grownWindow(window, 20);
    expect(times(4, openWindow(5), grow).size).toBe(5);
    expect(times(5, openWindow(5), grow).size).toBe(6);
    expect(times(5 + 6 + 7, openWindow(5), grow).size).toBe(8);
    expect(times(1000, openWindow(5), grow).size).toBe(20);
  });

  it('shrinks at the first trouble, then after a window’s worth', () => {
    expect(shrunkWindow(openWindow(5)).size).toBe(4);
    expect(times(4, openWindow(5), shrunkWindow).size).toBe(4);
    expect(times(1000, openWindow(5), shrunkWindow).size).toBe(1);
  });

  it('stays between one and its limit whatever happens', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.integer({ min: 1, max: 30 }), (answers, max) => {
        let window = openWindow(Math.min(5, max));
        for (const good of answers) {
          window = good ? grownWindow(window, max) : shrunkWindow(window);
          if (window.size < 1 || window.size > max) return false;
          if (window.credit < 0 || window.credit >= 1) return false;
        }
        return true;
      }),
    );
  });
});

describe('the health of a host', () => {
  const rule = { restMs: 100, maxRestMs: 350 };
  const trouble = (health: Health, now = 0): Health => troubled(health, 4, now, rule);

  it('is dead after one cohort of troubles, and rests twice as long each time', () => {
    expect(times(3, WELL, trouble).kind).toBe('well');
    let health = times(4, WELL, trouble);
    let now = 0;
    const rests: number[] = [];
    for (let n = 0; n < 4; n++) {
      if (health.kind !== 'resting') throw new TypeError('it rests');
      rests.push(health.until - now);
      expect(trouble(health, now)).toBe(health);
      expect(healthAt(health, health.until - 1)).toBe(health);
      now = health.until;
      health = trouble(healthAt(health, now), now);
    }
    expect(rests).toEqual([100, 200, 350, 350]);
  });

  it('is probed at once when it is woken, and rests longer if that fails', () => {
    const resting = times(4, WELL, trouble);
    expect(trouble(awake(resting), 50)).toEqual({ kind: 'resting', until: 250, restMs: 200 });
    expect(awake(WELL)).toBe(WELL);
  });
});

describe('what outcomes say of the host', () => {
  const unknown = { ...HOST_DOWN };
  it.each([
    ['answered', [DELIVERED]],
    ['answered', [NO_SUCH_USER]],
    ['answered', [GREYLISTED]],
    ['answered', [HOST_DOWN, DELIVERED]],
    ['trouble', [HOST_DOWN]],
    ['trouble', [HOST_DOWN, unknown]],
    ['unknown', [{ kind: 'delayed', status: DELIVERED.status, reason: 'a fault of ours' }]],
    ['unknown', []],
  ] as const)('%s', (judgement, outcomes) => {
    expect(judgementOf(outcomes).kind).toBe(judgement);
  });
});

describe('the register of lanes', () => {
  it('is bounded, and forgets idle lanes before those that rest', () => {
    const register = new LaneRegister({ initial: () => 5, siteLimit: () => 40 });
    const plan = (n: number) => ({ lane: `l${n}`, site: `s${n}` });
    register.use(plan(0)).health = { kind: 'resting', until: Infinity, restMs: 1 };
    register.use(plan(1)).inFlight = 1;
    for (let n = 2; n < 50_000; n++) register.use(plan(n));
    expect(register.size).toBeLessThanOrEqual(20_000);
    expect([...register.sites()]).toHaveLength(register.size);
    expect(register.find('l0')).toBeDefined();
    expect(register.find('l1')).toBeDefined();
    expect(register.find('l2')).toBeUndefined();
  });

  it('moves an idle lane to the site that it has now, with what is known of it', () => {
    const register = new LaneRegister({ initial: () => 5, siteLimit: () => 40 });
    const lane = register.use({ lane: 'l', site: 'domain' });
    lane.window = openWindow(17);
    lane.inFlight = 1;
    expect(register.use({ lane: 'l', site: 'provider' })).toBe(lane);
    lane.inFlight = 0;
    const moved = register.use({ lane: 'l', site: 'provider' });
    expect(moved).toMatchObject({ site: { key: 'provider' }, window: { size: 17 } });
    expect(register.findSite('domain')).toBeUndefined();
  });
});

describe('the priority of a message', () => {
  const alice = mailbox('alice@example.test');
  it.each([
    ['interactive', alice, 4000, 1],
    ['interactive', alice, 4000, 10],
    ['bulk', alice, 4000, 11],
    ['bulk', alice, 1_000_000, 1],
    ['notification', NULL_PATH, 4000, 1],
    ['bulk', NULL_PATH, 4000, 50],
  ] as const)('is %s', (priority, path, sizeBytes, recipients) => {
    expect(priorityOf(path, sizeBytes, recipients)).toBe(priority);
  });
});
