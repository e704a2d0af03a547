/** What an attempt's outcomes say about the host. Pure. */
import type { RecipientOutcome } from '@posthouse/mail';

/**
 * `answered`: the host dealt with at least one recipient or the message; `trouble`: the host as a
 * whole would not or could not; `unknown`: the trouble was ours, or nobody said whose.
 */
export type Judgement = 'answered' | 'trouble' | 'unknown';

export function judgementOf(outcomes: readonly RecipientOutcome[]): Judgement {
  let judgement: Judgement = 'unknown';
  for (const outcome of outcomes) {
    if (outcome.kind !== 'delayed') return 'answered';
    if (outcome.scope === 'message' || outcome.scope === 'recipient') return 'answered';
    if (outcome.scope === 'host') judgement = 'trouble';
  }
  return judgement;
}
