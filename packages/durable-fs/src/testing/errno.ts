/** Faults as the operating system would report them. */
import { durableFsErrorFrom } from '../error.ts';
import type { DurableFsError } from '../error.ts';

/** The error that a FileSystem rejects with when a call fails with this code (`ENOSPC`, `EIO` ...). */
export function errnoFault(code: string, operation: string, path: string): DurableFsError {
  const cause = Object.assign(new Error(`${code}: ${operation} '${path}'`), { code });
  return durableFsErrorFrom(cause, { operation, path });
}
