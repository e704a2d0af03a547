/** What a file operation throws, as a StoreError. */
import { DurableFsError } from '@posthouse/durable-fs';
import { StoreError } from '../store.ts';

/** A StoreError is itself; a full disk is `full`; all else is `unavailable`. */
export function storeErrorOf(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const kind = thrown instanceof DurableFsError && thrown.kind === 'full' ? 'full' : 'unavailable';
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new StoreError(kind, text, { cause: thrown });
}
