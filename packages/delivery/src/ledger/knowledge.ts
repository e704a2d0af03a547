/**
 * What the ledger's files say, in memory: file by file, so that one can be forgotten.
 *
 * Of what is delivered only fingerprints are kept. An attempt that is neither delivered
 * nor withdrawn is unsettled: normally that is what is under way now, and after a death
 * of a process what was under way then. Pure: no clock, no disk.
 */
import { isSameBoot } from './boot.ts';
import type { DeliveryKey } from './delivery-key.ts';
import { createFingerprints } from './fingerprints.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { LedgerHeader, LedgerRecord } from './records.ts';

/** An attempt of which it is not known how it ended. */
export interface UnsettledAttempt {
  readonly attempt: string;
  /**
   * Whether the absence of its file from `tmp` proves that it was published: nobody but
   * the publisher can have taken it from there, and nothing was forgotten since.
   */
  readonly isTelling: boolean;
}

/** What the ledger knows of a copy. */
export type Finding =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'unsettled'; readonly attempts: readonly UnsettledAttempt[] }
  | { readonly kind: 'unknown' };

export interface Knowledge {
  /** When the oldest file begins; `undefined` while there is none. */
  readonly startedAt: number | undefined;
  /** Begins a file. */
  open(file: string, header: LedgerHeader): void;
  apply(file: string, record: LedgerRecord): void;
  forget(file: string): void;
  find(key: DeliveryKey, now: number): Finding;
}

interface FileKnowledge {
  readonly header: LedgerHeader;
  readonly delivered: Fingerprints;
  readonly unsettled: Map<DeliveryKey, Set<string>>;
}

/**
 * Files in `tmp` are removed by others after 36 hours. A ledger file grows for ten hours at
 * most, so an attempt counts as telling for a day at least.
 */
const TELLING_MS = 34 * 3_600_000;

/** @param boot the present run of the operating system */
export function createKnowledge(boot: string): Knowledge {
  const files = new Map<string, FileKnowledge>();

  function settle(key: DeliveryKey, attempt?: string): void {
    for (const { unsettled } of files.values()) {
      if (attempt === undefined) unsettled.delete(key);
      else unsettled.get(key)?.delete(attempt);
    }
  }

  return {
    get startedAt() {
      if (files.size === 0) return undefined;
      return Math.min(...[...files.values()].map(({ header }) => header.startedAt));
    },
    open(file, header) {
      files.set(file, { header, delivered: createFingerprints(), unsettled: new Map() });
    },
    apply(file, record) {
      const known = files.get(file);
      if (known === undefined) return;
      const { key } = record;
      if (record.kind === 'delivered') {
        settle(key);
        known.delivered.add(key);
        return;
      }
      if (record.kind === 'withdrawn') settle(key, record.attempt);
      // A withdrawn key stays known, without an attempt: there may be traces of it.
      const attempts = known.unsettled.get(key) ?? new Set();
      if (record.kind === 'intended') attempts.add(record.attempt);
      known.unsettled.set(key, attempts);
    },
    forget: (file) => void files.delete(file),
    find(key, now) {
      let attempts: readonly UnsettledAttempt[] | undefined;
      for (const { header, delivered, unsettled } of files.values()) {
        if (delivered.has(key)) return { kind: 'delivered' };
        const isTelling = isSameBoot(header.boot, boot) && now - header.startedAt < TELLING_MS;
        const found = unsettled.get(key);
        if (found === undefined) continue;
        attempts = [...(attempts ?? []), ...[...found].map((attempt) => ({ attempt, isTelling }))];
      }
      return attempts === undefined ? { kind: 'unknown' } : { kind: 'unsettled', attempts };
    },
  };
}
