/**
 * What became of a recipient, as a notification tells it.
 *
 * The words of the outcome are those of RFC 3464's Action field, plus `expanded`,
 * which no receiver answers: only who replaces one recipient by others knows it.
 *
 * RFC 3464 §2.3.3, RFC 3461 §5.2.
 */
import type { EnhancedStatus, ForwardPath, RcptParams, RecipientOutcome } from '@posthouse/mail';

/** The recipient was replaced by the members behind the address (RFC 3461 §5.2.7). */
export interface Expanded {
  readonly kind: 'expanded';
  readonly status: EnhancedStatus;
}

/** One recipient of one message, with what is to be told of it. Plain data. */
export interface RecipientFate {
  readonly forwardPath: ForwardPath;
  /** As the author gave them: NOTIFY and ORCPT. */
  readonly params: RcptParams;
  readonly outcome: RecipientOutcome | Expanded;
  /** Milliseconds since the epoch; absent where no attempt was made. */
  readonly lastAttemptAt?: number;
  /** Until when a delayed recipient is tried again, milliseconds since the epoch. */
  readonly willRetryUntil?: number;
}

/** RFC 3464 §2.3.3. */
export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** The action to report; `undefined` while the fate is open (`accepted`). */
export function actionOf(fate: RecipientFate): Action | undefined {
  return fate.outcome.kind === 'accepted' ? undefined : fate.outcome.kind;
}
