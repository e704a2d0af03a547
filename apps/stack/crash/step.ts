/** The named steps at which a process can be killed, and the seeded chance of the others. */

export type Step =
  | 'content-sync' // of a large message, in the queue's folder
  | 'commit' // of the queue's database: accepted, leased or begun
  | 'reply' // the 250 to the author
  | 'dial' // towards another host or agent
  | 'final-dot' // of what we send, or the last BDAT
  | 'mailbox-sync' // the file in tmp, its folder, the ledger
  | 'publish' // from tmp into new
  | 'removal'; // the commit that takes a recipient out of the queue

/** When to kill. */
export type KillPlan =
  | {
      readonly kind: 'step';
      readonly step: Step;
      readonly moment: 'after' | 'before';
      readonly at: number;
    }
  /** When so many of these were seen, and after some more turns of our own event loop. */
  | {
      readonly kind: 'count';
      readonly of: 'acknowledged' | 'arrived' | 'sent';
      readonly count: number;
      readonly turns: number;
    };

/** A third of the kills, at most, at named steps, each before and after; the others at random. */
export function planKills(
  kills: number,
  steps: readonly Step[],
  random: () => number,
): readonly KillPlan[] {
  const byStep = steps.flatMap((step) => [
    { step, moment: 'before' as const },
    { step, moment: 'after' as const },
  ]);
  const named = Math.min(kills, Math.max(byStep.length, Math.floor(kills / 3)));
  return Array.from({ length: kills }, (_, i): KillPlan => {
    const point = byStep[i % byStep.length];
    if (i < named && point !== undefined) {
      return { kind: 'step', ...point, at: 1 + Math.floor(random() * 6) };
    }
    const of = (['sent', 'acknowledged', 'arrived'] as const)[Math.floor(random() * 3)] ?? 'sent';
    const [count, turns] = [1 + Math.floor(random() * 40), Math.floor(random() * 300)];
    return { kind: 'count', of, count, turns };
  });
}

/** mulberry32: the same numbers for the same seed, in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function planText(plan: KillPlan): string {
  return plan.kind === 'step'
    ? `${plan.moment} ${plan.step} no. ${plan.at}`
    : `${plan.count} ${plan.of}, ${plan.turns} turns later`;
}
