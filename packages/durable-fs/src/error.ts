/**
 * DurableFsError: what went wrong with a file, in the few kinds that callers act on.
 *
 * `durableFsErrorFrom` is the one classifier. It promises nothing about what it does
 * not know: an unknown failure is `unavailable`, which callers treat as transient.
 */

/**
 * - `full`: no room, or a quota is used up (ENOSPC, EDQUOT)
 * - `read-only`: the file system takes no writes (EROFS)
 * - `denied`: permissions (EACCES, EPERM)
 * - `missing`: no such file or directory (ENOENT)
 * - `exists`: the name is taken (EEXIST)
 * - `damaged`: a file is not what was written: cut short, or of the wrong form
 * - `unavailable`: the disk failed (EIO), and everything else
 */
export type DurableFsErrorKind =
  | 'full'
  | 'read-only'
  | 'denied'
  | 'missing'
  | 'exists'
  | 'damaged'
  | 'unavailable';

const KINDS: ReadonlyMap<string, DurableFsErrorKind> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EROFS', 'read-only'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['ENOENT', 'missing'],
  ['EEXIST', 'exists'],
]);

/** Where a fault happened. */
export interface FaultPlace {
  /** The call that failed, for example `sync` or `rename`. */
  readonly operation: string;
  /** The file or directory; of a rename or link, the new name. */
  readonly path: string;
}

/** A file operation failed. Never shown to a peer: the path is ours. */
export class DurableFsError extends Error {
  override readonly name = 'DurableFsError';
  readonly kind: DurableFsErrorKind;
  readonly operation: string;
  readonly path: string;
  /** The system's code, mostly. */
  readonly reason: string;

  constructor(kind: DurableFsErrorKind, place: FaultPlace, reason: string, cause?: unknown) {
    const message = `${place.operation} ${place.path}: ${reason}`;
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.operation = place.operation;
    this.path = place.path;
    this.reason = reason;
  }
}

/** Puts a kind to what the operating system threw. A DurableFsError stays as it is. */
export function durableFsErrorFrom(thrown: unknown, place: FaultPlace): DurableFsError {
  if (thrown instanceof DurableFsError) return thrown;
  const code = errorCode(thrown);
  if (code === 'EXDEV') {
    const reason = 'the old and the new name are on different file systems';
    return new DurableFsError('unavailable', place, reason, thrown);
  }
  const reason = code ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new DurableFsError(KINDS.get(code ?? '') ?? 'unavailable', place, reason, thrown);
}

/** Whether this is a DurableFsError of that kind. */
export function isFault(thrown: unknown, kind: DurableFsErrorKind): boolean {
  return thrown instanceof DurableFsError && thrown.kind === kind;
}

/** The operating system's code of an error, for example `ENOSPC`. */
export function errorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
