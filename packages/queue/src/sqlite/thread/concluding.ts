/** The commit thread's `conclude`: units of changes, events and messages, each done whole or not at all. */
import { findLeased } from './leasing.ts';
import type { ChangeRow, CommitVerbs, UnitRow } from '../protocol.ts';
import { standingOf } from './tables.ts';
import type { StoredRecipient, Tables } from './tables.ts';

export function createConclude(
  tables: Tables,
  accept: CommitVerbs['accept'],
): CommitVerbs['conclude'] {
  function apply(change: ChangeRow, stored: StoredRecipient): void {
    if (change.kind === 'done') return tables.remove(stored);
    const standing = standingOf(stored);
    tables.told.due = true;
    return tables.put(stored, {
      ...standing, // a hold outlasts the attempt
      track: tables.tracks.idOf(change.lane, change.site),
      dueAt: change.dueAt,
      attempts: standing.attempts - (change.counts ? 0 : 1),
      lease: null,
      last: change.last,
    });
  }

  function conclude(unit: UnitRow): 'done' | 'stale' {
    const found = unit.changes.map((change) => findLeased(tables, change));
    if (found.includes(undefined)) return 'stale';
    for (const [n, change] of unit.changes.entries()) {
      const stored = found[n];
      if (stored !== undefined) apply(change, stored);
    }
    tables.append(unit.events);
    accept(unit.messages);
    return 'done';
  }

  return (units) => units.map(conclude);
}
