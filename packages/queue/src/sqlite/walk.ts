/**
 * Long walks over recipients, from the event loop's side: stretch after stretch, each a call
 * of its own, so that other reads come in between.
 */
import type { RecipientKey } from '../record.ts';
import type { Page, QueueEntry, Selection, SummaryLine } from '../store.ts';
import { DamagedRow, entryOf, idOf, summaryLineOf } from './decoding.ts';
import type { KeyRow, Stretch, SummaryRow } from './protocol.ts';
import type { Threads } from './threads.ts';

/** Recipients that one call looks at: some milliseconds. */
const STRETCH = 2000;

/** A page of what a selection means, and where the next one begins, where there is one. */
export interface FoundPage {
  readonly entries: readonly QueueEntry[];
  readonly next: { readonly next?: RecipientKey };
}

/** Finds a page. `onDamaged` is told of a record that cannot be read; it is left out. */
export async function findPage(
  threads: Threads,
  selection: Selection,
  page: Page,
  onDamaged: (row: DamagedRow) => Promise<void>,
): Promise<FoundPage> {
  const entries: QueueEntry[] = [];
  let after: KeyRow | null = page.after ?? null;
  for (;;) {
    // One more than asked for tells whether there is a next page.
    const limit = page.limit + 1 - entries.length;
    const { rows, end } = await threads.read('walk', { selection, after, scan: STRETCH, limit });
    for (const row of rows) {
      try {
        entries.push(entryOf(row));
      } catch (error) {
        if (!(error instanceof DamagedRow)) throw error;
        await onDamaged(error);
      }
    }
    const last = entries[page.limit - 1]?.recipient;
    if (entries.length > page.limit && last !== undefined) {
      const next = { message: last.message, index: last.index };
      return { entries: entries.slice(0, page.limit), next: { next } };
    }
    if (end === undefined) return { entries, next: {} };
    after = end;
  }
}

/** The age-by-destination report, largest domain first. It is of no single moment. */
export async function summarize(threads: Threads, now: number): Promise<readonly SummaryLine[]> {
  const lines = new Map<string, SummaryRow>();
  let after: KeyRow | null = null;
  do {
    const call = { after, scan: STRETCH, now };
    const stretch: Stretch<SummaryRow> = await threads.read('summarize', call);
    for (const row of stretch.rows) lines.set(row.domain, joined(lines.get(row.domain), row));
    after = stretch.end ?? null;
  } while (after !== null);
  return [...lines.values()]
    .toSorted((a, b) => b.recipients - a.recipients || (a.domain < b.domain ? -1 : 1))
    .map(summaryLineOf);
}

function joined(a: SummaryRow | undefined, b: SummaryRow): SummaryRow {
  if (a === undefined) return b;
  return {
    domain: b.domain,
    recipients: a.recipients + b.recipients,
    held: a.held + b.held,
    oldestAcceptedAt: Math.min(a.oldestAcceptedAt, b.oldestAcceptedAt),
    younger: a.younger.map((count, place) => count + (b.younger[place] ?? 0)),
    nextDueAt: lesser(a.nextDueAt, b.nextDueAt),
    restUntil: Math.max(a.restUntil ?? 0, b.restUntil ?? 0) || null,
    oldestLast: lesser(a.oldestLast, b.oldestLast),
  };
}

/** The lesser of what is there. */
function lesser<Value extends number | string>(a: Value | null, b: Value | null): Value | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** A key as calls take it. */
export function keyOf({ message, index }: KeyRow): RecipientKey {
  return { message: idOf(message), index };
}
