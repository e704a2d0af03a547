/** The read thread's single records: a message, its content, the next due time, notes, names of files. */
import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { MessageRow, ReadVerbs } from '../protocol.ts';
import { prepare } from './statement.ts';
import { MESSAGE_COLUMNS } from './tables.ts';
import { NEVER, RANKS } from './turns.ts';

interface StoredContent {
  readonly file: string | null;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly bytes: Uint8Array | null;
}

export function createMessage(database: DatabaseSync): ReadVerbs['message'] {
  const byId = prepare<MessageRow>(
    database,
    `SELECT ${MESSAGE_COLUMNS}, m.prefix FROM message m WHERE m.id = ?`,
  );
  return (id) => byId.get(id) ?? null;
}

/** Small content is compared with its digest here, where it costs the event loop nothing. */
export function createContent(database: DatabaseSync): ReadVerbs['content'] {
  const byId = prepare<StoredContent>(
    database,
    `SELECT m.file, m.size_bytes AS sizeBytes, m.digest, c.bytes
       FROM message m LEFT JOIN content c ON c.message = m.seq WHERE m.id = ?`,
  );
  return (id) => {
    const stored = byId.get(id);
    if (stored === undefined) return null;
    const { file, sizeBytes, digest } = stored;
    if (file !== null) return { kind: 'file', name: file, sizeBytes, digest };
    const bytes = stored.bytes ?? new Uint8Array();
    const whole = hash('sha256', bytes) === digest;
    return { kind: 'inline', bytes, whole };
  };
}

export function createContents(content: ReadVerbs['content']): ReadVerbs['contents'] {
  return (ids) =>
    ids.flatMap((id) => {
      const found = content(id);
      return found?.kind === 'inline' && found.whole ? [{ id, bytes: found.bytes }] : [];
    });
}

export function createNextDueAt(database: DatabaseSync): ReadVerbs['nextDueAt'] {
  const sites = prepare<{ readonly site: string; readonly at: number }>(
    database,
    'SELECT site, at FROM site_turn WHERE rank = ? AND at < ? ORDER BY at LIMIT ?',
  );
  const lanes = prepare<{ readonly lane: string; readonly at: number }>(
    database,
    `SELECT track.lane, turn.at FROM turn JOIN track ON track.id = turn.track
       WHERE turn.rank = ? AND turn.site = ? AND turn.at < ? ORDER BY turn.at LIMIT ?`,
  );
  return (call) => {
    const excludeLanes = new Set(call.excludeLanes);
    const excludeSites = new Set(call.excludeSites);
    let next = NEVER;
    for (const rank of RANKS) {
      // Each row that is passed over is one that is excluded, or has only excluded lanes in front.
      const most = excludeLanes.size + excludeSites.size + 1;
      for (const { site, at } of sites.all(rank, next, most)) {
        if (at >= next) break;
        if (excludeSites.has(site)) continue;
        const found = lanes
          .all(rank, site, next, excludeLanes.size + 1)
          .find(({ lane }) => !excludeLanes.has(lane));
        next = Math.min(next, found?.at ?? NEVER);
      }
    }
    return next === NEVER ? null : next;
  };
}

export function createNotes(database: DatabaseSync): ReadVerbs['notes'] {
  const all = prepare<{ readonly key: string; readonly value: string }>(
    database,
    'SELECT key, value FROM note',
  );
  return () => all.all().map(({ key, value }) => [key, value]);
}

export function createKnownFiles(database: DatabaseSync): ReadVerbs['knownFiles'] {
  const byFile = prepare(
    database,
    'SELECT 1 FROM message WHERE file = ?1 UNION ALL SELECT 1 FROM damaged WHERE file = ?1',
  );
  return (names) => names.filter((name) => byFile.get(name) !== undefined);
}
