/** What is thrown on the event loop's side, as a StoreError. */
import { DurableFsError } from '@posthouse/durable-fs';
import { StoreError } from '../store.ts';

/** Thrown while content is read that is not what was written. */
export class DamagedContent extends Error {
  override readonly name = 'DamagedContent';
}

/** A StoreError is itself; what is neither a full disk nor damage is `unavailable`. */
export function storeErrorOf(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new StoreError(kindOf(thrown), text, { cause: thrown });
}

function kindOf(thrown: unknown): StoreError['kind'] {
  if (thrown instanceof DamagedContent) return 'damaged';
  return thrown instanceof DurableFsError && thrown.kind === 'full' ? 'full' : 'unavailable';
}
