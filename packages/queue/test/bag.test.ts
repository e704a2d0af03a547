import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bag } from '../src/bag.ts';
import type { Place } from '../src/bag.ts';
import { Tally } from '../src/tally.ts';

describe('a bag', () => {
  it('holds what was added and not taken out, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(20))), (steps) => {
        const bag = new Bag<number>();
        const places: Place<number>[] = [];
        const expected = new Set<number>();
        for (const [n, step] of steps.entries()) {
          const place = step === null ? undefined : places[step];
          if (place === undefined) {
            places.push(bag.add(n));
            expected.add(n);
          } else {
            bag.remove(place); // perhaps a second time
            expected.delete(place.item);
          }
          expect(bag.size).toBe(expected.size);
          expect(new Set(bag.items())).toEqual(expected);
        }
      }),
    );
  });
});

describe('a tally', () => {
  it('is none when every task has ended, well or not, and those that began meanwhile', async () => {
    const tally = new Tally();
    await tally.none();
    const tasks = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const [first, second, third] = tasks.map(({ promise }) => promise);
    if (first === undefined || second === undefined || third === undefined) throw new TypeError();
    void tally.add(first);
    tally.add(second).catch(() => undefined);
    let none = false;
    const waiting = tally.none().then(() => (none = true));
    tasks[0]?.resolve();
    await first;
    expect([none, tally.isNone]).toEqual([false, false]);
    void tally.add(third);
    tasks[1]?.reject(new Error('not well'));
    await expect(second).rejects.toThrow('not well');
    expect(none).toBe(false);
    tasks[2]?.resolve();
    await waiting;
    expect(tally.isNone).toBe(true);
  });
});
