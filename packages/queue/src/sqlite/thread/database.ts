/**
 * Opening the database: settings, schema, migration.
 *
 * WAL with `synchronous=FULL`: a commit that returned is on the disk. What can be said only
 * before the first table (page size, auto_vacuum) is said then. A migration is one
 * transaction, with a checkpoint behind it, so that the file's header tells its version.
 */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { assertVersion, makePrivate } from './database-file.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { prepare } from './statement.ts';

/** Pages of 4 KiB: a small message takes one or two. */
const PAGE_BYTES = 4096;
/** Kept by the connection that writes. */
const WRITER_CACHE_KIB = 16_384;
const READER_CACHE_KIB = 8192;
/**
 * Pages in the log before they are carried over, by the commit that comes upon them: that commit syncs
 * twice more, and all that comes meanwhile waits for it. The pages of a message that was in the queue
 * for a moment only are mostly written over by then, and carried once.
 */
const CHECKPOINT_PAGES = 8000;
const MAX_LOG_BYTES = 67_108_864;
/** A reader never waits for a writer; this is for the last moments of a checkpoint. */
const BUSY_TIMEOUT_MS = 5000;

/** The version that this code writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** Opens for writing, making or migrating the schema. @throws StoreFault, SQLite's errors */
export function openForWriting(path: string, synced: boolean): DatabaseSync {
  makePrivate(path);
  const isNew = statSync(path).size === 0;
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (isNew) {
      database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
    }
    assertVersion(schemaVersion(database), SCHEMA_VERSION, path);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${synced ? 'FULL' : 'OFF'}`);
    database.exec(`PRAGMA cache_size = -${WRITER_CACHE_KIB}`);
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.exec(`PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`);
    database.exec('PRAGMA temp_store = MEMORY');
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens for reading what another connection of this process writes. */
export function openForReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  database.exec(`PRAGMA cache_size = -${READER_CACHE_KIB}`);
  database.exec('PRAGMA temp_store = MEMORY');
  return database;
}

function migrate(database: DatabaseSync): void {
  const version = schemaVersion(database);
  if (version === SCHEMA_VERSION) return;
  database.exec('BEGIN EXCLUSIVE');
  for (const step of MIGRATIONS.slice(version)) database.exec(step);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.exec('COMMIT');
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

function schemaVersion(database: DatabaseSync): number {
  const row = prepare<{ readonly user_version: number }>(database, 'PRAGMA user_version').get();
  return row?.user_version ?? 0;
}
