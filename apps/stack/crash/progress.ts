/** How far a life of the system has come, to be waited for: messages sent, acknowledged, arrived. */

export type Milestone = 'acknowledged' | 'arrived' | 'refused' | 'sent';

export interface Progress {
  note(of: Milestone): void;
  /** Resolves when so many were noted since the last reset. */
  reached(of: Milestone, count: number): Promise<void>;
  reset(): void;
}

const NOTHING: Readonly<Record<Milestone, number>> = {
  acknowledged: 0,
  arrived: 0,
  refused: 0,
  sent: 0,
};

export function createProgress(): Progress {
  let counts = { ...NOTHING };
  let waiters: { readonly of: Milestone; readonly count: number; resolve(): void }[] = [];
  return {
    note(of) {
      counts[of] += 1;
      for (const waiter of waiters) if (counts[waiter.of] >= waiter.count) waiter.resolve();
    },
    reached: (of, count) =>
      new Promise((resolve) => {
        if (counts[of] >= count) resolve();
        else waiters.push({ of, count, resolve });
      }),
    reset() {
      counts = { ...NOTHING };
      waiters = [];
    },
  };
}
