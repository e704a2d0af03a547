import { describe, expect, it } from 'vitest';
import { Siblings } from '../../src/sqlite/siblings.ts';

/** So many come, one after the other; @returns of each whether it is to wait. */
function come(siblings: Siblings, count: number): readonly boolean[] {
  return Array.from({ length: count }, () => {
    siblings.comes();
    return siblings.areAwaited;
  });
}

function answer(siblings: Siblings, count: number): void {
  for (let n = 0; n < count; n++) siblings.leaves();
  siblings.wereAnswered();
}

describe('siblings', () => {
  it('are not waited for by whoever has not seen any', () => {
    const siblings = new Siblings();
    for (let n = 0; n < 5; n++) {
      expect(come(siblings, 1)).toEqual([false]);
      siblings.go();
      answer(siblings, 1);
    }
  });

  it('are waited for until half of a crowd is there, and not while the thread is busy', () => {
    const siblings = new Siblings();
    come(siblings, 8);
    siblings.go();
    answer(siblings, 8);
    expect(come(siblings, 3)).toEqual([true, true, false]); // one fewer are expected each time
    siblings.go();
    expect(come(siblings, 4)).toEqual([false, false, false, false]);
  });

  it('are expected less and less when they stay away', () => {
    const siblings = new Siblings();
    come(siblings, 6);
    siblings.go();
    answer(siblings, 6);
    const waits: boolean[] = [];
    for (let n = 0; n < 4; n++) {
      waits.push(...come(siblings, 1));
      siblings.go();
      answer(siblings, 1);
    }
    expect(waits).toEqual([true, true, false, false]);
  });
});
