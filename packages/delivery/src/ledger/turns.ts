/** Turns: work at one thing waits for the work at it that was asked for before. In one process. */

export interface Turns {
  /**
   * Does work when what was asked for before under that key has ended, well or not.
   * @param work told whether nothing was under way. @throws what it throws
   */
  take<Result>(key: string, work: (isFirst: boolean) => Promise<Result>): Promise<Result>;
}

export function createTurns(): Turns {
  const underWay = new Map<string, Promise<unknown>>();
  return {
    async take(key, work) {
      const before = underWay.get(key);
      // The failure of what was before is told to who asked for that.
      const running =
        before === undefined ? work(true) : before.catch(() => undefined).then(() => work(false));
      underWay.set(key, running);
      try {
        return await running;
      } finally {
        if (underWay.get(key) === running) underWay.delete(key);
      }
    },
  };
}
