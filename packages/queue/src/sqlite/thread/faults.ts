/**
 * What SQLite and the system throw, in the kinds of StoreError. For the threads: nothing
 * here leaves a thread but as plain data. What is not known is `unavailable`.
 */
import type { Fault } from '../protocol.ts';

/** Thrown within a thread where the kind is known already. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly kind: Fault['kind'];
  readonly code: string | undefined;

  constructor(kind: Fault['kind'], text: string, code?: string) {
    super(text);
    this.kind = kind;
    this.code = code;
  }
}

/** SQLite's primary result codes. */
const KINDS: ReadonlyMap<number, Fault['kind']> = new Map([
  [5, 'unavailable'], // BUSY
  [10, 'unavailable'], // IOERR
  [11, 'damaged'], // CORRUPT
  [13, 'full'], // FULL
  [26, 'damaged'], // NOTADB
]);

/** What the system has most likely said to SQLite, by its primary result codes. */
const SYSTEM_CODES: ReadonlyMap<number, string> = new Map([
  [8, 'EROFS'], // READONLY
  [10, 'EIO'], // IOERR
  [13, 'ENOSPC'], // FULL
]);

/** TOOBIG, CONSTRAINT, MISMATCH, RANGE: wrong values, which say nothing of the database. */
const OWN_CODES: ReadonlySet<number> = new Set([18, 19, 20, 25]);

/** SQLite's extended result codes IOERR_FSYNC and IOERR_DIR_FSYNC. */
const SYNC_CODES: ReadonlySet<number> = new Set([1034, 1290]);

const SYSTEM_KINDS: ReadonlyMap<string, Fault['kind']> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
]);

/** The one classifier. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof StoreFault) return fault(thrown.kind, thrown.message, thrown.code);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const result = resultCode(thrown);
  if (result !== undefined) {
    return fault(KINDS.get(result) ?? 'unavailable', text, SYSTEM_CODES.get(result));
  }
  const code = systemCode(thrown);
  return fault(SYSTEM_KINDS.get(code ?? '') ?? 'unavailable', text, code);
}

function fault(kind: Fault['kind'], text: string, code: string | undefined): Fault {
  return code === undefined ? { kind, text } : { kind, text, code };
}

/** What a failed call of the system carries. */
function systemCode(thrown: unknown): string | undefined {
  const isSystem = thrown instanceof Error && 'code' in thrown && 'syscall' in thrown;
  return isSystem ? String(thrown.code) : undefined;
}

/** Whether a call failed by what it was given, and not by the database or the disk. */
export function isOwnFault(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code === undefined || OWN_CODES.has(code);
}

/** Whether all was written, and then a sync of it has failed. */
export function isSyncFault(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return false;
  return typeof thrown.errcode === 'number' && SYNC_CODES.has(thrown.errcode);
}

/** SQLite's primary result code; `undefined` for what SQLite did not throw. */
export function resultCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined;
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined;
}
