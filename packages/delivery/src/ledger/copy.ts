/** A copy that may have been delivered before, and what became of it. Types only. */
import type { DeliveryKey } from './delivery-key.ts';

/** A copy that may have been delivered before. */
export interface KeyedCopy {
  readonly key: DeliveryKey;
  /** The key that an attempt of a version before this one gave it, where that may be another. */
  readonly formerKey?: DeliveryKey | undefined;
  /** The Maildir of the recipient; folders are in it. */
  readonly maildir: string;
  /** Whether there was an attempt before this one, as far as the sender knows. */
  readonly repeat: boolean;
}

/** What became of a copy. */
export interface OnceResult {
  /** An earlier attempt had delivered it. */
  readonly repeated: boolean;
  /** Where it is now; absent where its owner has taken it away since. */
  readonly path?: string;
}
