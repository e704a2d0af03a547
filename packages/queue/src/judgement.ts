/** What an attempt's outcomes say about the host. Pure. */
import type { Delayed, RecipientOutcome } from '@posthouse/mail';

/**
 * `answered`: the host dealt with at least one recipient or the message; `trouble`: the host as a
 * whole would not or could not; `unknown`: the trouble was ours, or nobody said whose.
 */
export type Judgement =
  | { readonly kind: 'answered' | 'unknown' }
  | {
      readonly kind: 'trouble';
      /** It had too much of us. */
      readonly overload: boolean;
      /** How long it wants to be left alone, where it is known. */
      readonly restMs?: number;
    };

export function judgementOf(outcomes: readonly RecipientOutcome[]): Judgement {
  let judgement: Judgement = { kind: 'unknown' };
  for (const outcome of outcomes) {
    if (outcome.kind !== 'delayed') return { kind: 'answered' };
    if (outcome.scope === 'message' || outcome.scope === 'recipient') return { kind: 'answered' };
    if (outcome.scope === 'host') judgement = worse(judgement, outcome);
  }
  return judgement;
}

function worse(judgement: Judgement, { overload, restMs }: Delayed): Judgement {
  const before = judgement.kind === 'trouble' ? judgement : undefined;
  const longest = Math.max(before?.restMs ?? 0, restMs ?? 0);
  return {
    kind: 'trouble',
    overload: overload === true || before?.overload === true,
    ...(longest === 0 ? {} : { restMs: longest }),
  };
}
