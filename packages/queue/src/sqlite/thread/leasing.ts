/** The commit thread's `begin`, `renew` and `recover`: what becomes of leases that were granted. */
import type { DatabaseSync } from 'node:sqlite';
import type { CommitVerbs, KeyRow, LeasedRow, LeaseRow } from '../protocol.ts';
import { prepare } from './statement.ts';
import { RECIPIENT_COLUMNS, standingOf } from './tables.ts';
import type { Standing, StoredRecipient, Tables } from './tables.ts';

/** The recipient, where this very lease is still its last one. */
export function findLeased(tables: Tables, key: LeasedRow): StoredRecipient | undefined {
  const stored = tables.find(key);
  if (stored === undefined || stored.leaseOwner === null) return undefined;
  return stored.token === key.token ? stored : undefined;
}

export function createBegin(tables: Tables): CommitVerbs['begin'] {
  return (attempts) =>
    attempts.flatMap((attempt) =>
      change(tables, attempt, (standing, lease) => ({
        ...standing,
        dueAt: attempt.dueAt,
        lease: { ...lease, begun: 1 },
      })),
    );
}

export function createRenew(tables: Tables): CommitVerbs['renew'] {
  return ({ leases, until }) =>
    leases.flatMap((key) =>
      change(tables, key, (standing, lease) => ({ ...standing, lease: { ...lease, until } })),
    );
}

export function createRecover(database: DatabaseSync, tables: Tables): CommitVerbs['recover'] {
  const ofOwner = prepare<StoredRecipient>(
    database,
    `SELECT ${RECIPIENT_COLUMNS} FROM recipient r WHERE r.lease_owner = ? LIMIT ?`,
  );
  return ({ owner, now, limit }) => {
    const found = ofOwner.all(owner, limit);
    for (const stored of found) {
      const dueAt = stored.begun === 1 ? stored.dueAt : Math.min(stored.dueAt, now);
      tables.put(stored, { ...standingOf(stored), dueAt, lease: null });
    }
    tables.told.due = true;
    return found.length;
  };
}

/** Changes a recipient that is still leased; answers its key then. */
function change(
  tables: Tables,
  key: LeasedRow,
  how: (standing: Standing, lease: LeaseRow) => Standing,
): readonly KeyRow[] {
  const stored = findLeased(tables, key);
  if (stored === undefined) return [];
  const standing = standingOf(stored);
  if (standing.lease === null) return [];
  tables.put(stored, how(standing, standing.lease));
  return [{ message: key.message, index: key.index }];
}
