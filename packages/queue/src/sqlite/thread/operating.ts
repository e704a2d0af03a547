/** The commit thread's `rest`, `note`, `intervene` and `putAside`: what is done without an attempt. */
import type { DatabaseSync } from 'node:sqlite';
import type { CommitVerbs } from '../protocol.ts';
import { prepare } from './statement.ts';
import { leaseOf, standingOf } from './tables.ts';
import type { Standing, StoredRecipient, Tables } from './tables.ts';

export function createRest(database: DatabaseSync, tables: Tables): CommitVerbs['rest'] {
  const put = prepare(
    database,
    'INSERT INTO lane_rest VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until',
  );
  return ({ lane, until }) => {
    put.run(lane, until);
    tables.turns.touchLane(lane);
    tables.told.due = true;
    return null;
  };
}

export function createNote(database: DatabaseSync): CommitVerbs['note'] {
  const put = prepare(
    database,
    'INSERT INTO note VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const remove = prepare(database, 'DELETE FROM note WHERE key = ?');
  return (notes) => {
    for (const [key, value] of notes) {
      if (value === null) remove.run(key);
      else put.run(key, value);
    }
    return null;
  };
}

export function createIntervene(database: DatabaseSync, tables: Tables): CommitVerbs['intervene'] {
  const wake = prepare(database, 'DELETE FROM lane_rest WHERE lane = ?');

  function changed(
    action: Parameters<CommitVerbs['intervene']>[0]['action'],
    stored: StoredRecipient,
    at: number,
  ): Standing | undefined {
    const standing = standingOf(stored);
    const lease = leaseOf(stored);
    switch (action) {
      case 'hold':
        return stored.held === 1 ? undefined : { ...standing, held: 1 };
      case 'release':
        return stored.held === 0 ? undefined : { ...standing, held: 0 };
      case 'retry':
        if (stored.held === 1 || (lease !== null && lease.until > at)) return undefined;
        return { ...standing, dueAt: at };
    }
  }

  return ({ action, at, targets }) => {
    let count = 0;
    for (const target of targets) {
      const stored = tables.find(target);
      const standing = stored && changed(action, stored, at);
      if (stored === undefined || standing === undefined) continue;
      tables.put(stored, standing);
      const { lane } = tables.tracks.of(stored.track);
      if (action === 'retry' && wake.run(lane) > 0) tables.turns.touchLane(lane);
      tables.append([target.event]);
      tables.told.due = true;
      count += 1;
    }
    return count;
  };
}

/**
 * A message without its content is held, so that an operator sees it and may tell its author; who
 * holds a lease on it is fenced off. A record that cannot be read is kept in a table of its own.
 */
export function createPutAside(database: DatabaseSync, tables: Tables): CommitVerbs['putAside'] {
  const keep = prepare(
    database,
    `INSERT INTO damaged
       SELECT m.id, ?, ?, m.head, m.prefix, m.file, c.bytes,
         (SELECT json_group_array(json_array(r.idx, r.address, r.path, r.last))
            FROM recipient r WHERE r.message = m.seq)
       FROM message m LEFT JOIN content c ON c.message = m.seq WHERE m.seq = ?`,
  );

  return ({ id, what, reason, last, event }) => {
    const message = tables.messageById(id);
    if (message === undefined) return false;
    const recipients = tables.recipientsOf(message.seq);
    const isHeld = recipients.every((stored) => stored.held === 1 && stored.leaseOwner === null);
    if (what === 'content' && isHeld) return true; // somebody else has found it out
    if (what === 'record') {
      keep.run(event.at, reason, message.seq);
      for (const stored of recipients) tables.remove(stored);
      tables.orphans.splice(0, tables.orphans.length, ...withoutLast(tables, message.file));
    } else {
      for (const stored of recipients) {
        const token = stored.token + 1;
        tables.put(stored, { ...standingOf(stored), held: 1, token, lease: null, last });
      }
    }
    tables.append([event]);
    return true;
  };
}

/** The file of a record that was put aside is kept with it. */
function withoutLast({ orphans }: Tables, file: string | null): readonly string[] {
  return orphans.filter((name) => name !== file);
}
