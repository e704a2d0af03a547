/**
 * What SQLite and the system throw, in the kinds of StoreError. For the threads: nothing
 * here leaves a thread but as plain data. What is not known is `unavailable`.
 */
import type { Fault } from '../protocol.ts';

/** Thrown within a thread where the kind is known already. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly kind: Fault['kind'];

  constructor(kind: Fault['kind'], text: string) {
    super(text);
    this.kind = kind;
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
  if (thrown instanceof StoreFault) return { kind: thrown.kind, text: thrown.message };
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const code = resultCode(thrown);
  if (code !== undefined) return { kind: KINDS.get(code) ?? 'unavailable', text };
  const system = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return { kind: SYSTEM_KINDS.get(system) ?? 'unavailable', text };
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
