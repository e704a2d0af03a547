/**
 * Salvage: everything that can be read of a damaged database goes into a new one.
 *
 * The old file is only read, row by row and by key, so that a bad page costs the rows on it
 * and no others. The new one gets the next number when it is whole and on the disk; until
 * then the old one is the queue, and a crash means that the salvage begins anew. A message
 * of which any part is missing is not taken over: it is named as lost, and the old file is
 * kept for whoever wants to look.
 */
import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { currentNumber, databasePath, keptPath, syncDirectory } from './database-file.ts';
import { openForWriting } from './database.ts';
import type { SalvageReport } from '../protocol.ts';
import { copyEvents, copyHints, copyMessages } from './salvage-copy.ts';
import { Tables } from './tables.ts';

/** @throws SQLite's errors, where the new database cannot be written */
export function salvage(directory: string): SalvageReport {
  const number = currentNumber(directory);
  const next = databasePath(directory, number + 1);
  const part = `${next}.part`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${part}${suffix}`, { force: true });
  const into = openForWriting(part, true);
  let lost: readonly string[];
  let messages: number;
  try {
    const tables = new Tables(into);
    lost = withOld(databasePath(directory, number), (old) => {
      copyHints(old, into);
      const missing = copyMessages(old, into, tables);
      copyEvents(old, into, tables, missing);
      return missing;
    });
    messages = tables.counters.now.messages;
    into.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    into.close();
  }
  renameSync(part, next);
  syncDirectory(directory);
  return { keptAt: keptPath(directory, number), messages, lost };
}

/** Opens the damaged file. Where not even that can be done there is nothing to save. */
function withOld(path: string, copy: (old: DatabaseSync) => readonly string[]): readonly string[] {
  let old: DatabaseSync;
  try {
    old = new DatabaseSync(path, { readOnly: true });
    old.prepare('SELECT COUNT(*) FROM sqlite_schema').get();
  } catch {
    return [];
  }
  try {
    return copy(old);
  } finally {
    old.close();
  }
}
