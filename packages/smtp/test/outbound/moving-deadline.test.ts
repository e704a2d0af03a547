import { describe, expect, it } from 'vitest';
import { createManualClock } from '@posthouse/testkit';
import { MovingDeadline } from '../../src/outbound/moving-deadline.ts';

describe('a moving deadline', () => {
  it('passes once, at its latest time', async () => {
    const clock = createManualClock(0);
    const passed: number[] = [];
    const deadline = new MovingDeadline(clock, () => passed.push(clock.now()));
    deadline.set(100);
    await clock.advance(50);
    deadline.set(200);
    await clock.advance(149);
    expect(passed).toEqual([]);
    await clock.advance(1000);
    expect(passed).toEqual([200]);
    expect(clock.pending).toBe(0);
  });

  it('can be moved forward, taken away and set again', async () => {
    const clock = createManualClock(0);
    const passed: number[] = [];
    const deadline = new MovingDeadline(clock, () => passed.push(clock.now()));
    deadline.set(500);
    deadline.set(100);
    await clock.advance(100);
    deadline.set(200);
    deadline.clear();
    await clock.advance(300);
    deadline.set(450);
    await clock.advance(1000);
    expect(passed).toEqual([100, 450]);
  });

  it('sets no timer for each move', async () => {
    const clock = createManualClock(0);
    const deadline = new MovingDeadline(clock, () => undefined);
    for (let at = 100; at < 1000; at++) deadline.set(at);
    expect(clock.pending).toBe(1);
    deadline.end();
    expect(clock.pending).toBe(0);
  });
});
