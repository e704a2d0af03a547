/** A SQLite store in a directory of its own, and what tests do to it behind its back. */
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LogFields, Logger } from '@posthouse/mail';
import { createSqliteStore } from '@posthouse/queue';
import type { DamageReport, SqliteStoreDeps, SqliteStoreOptions, Store } from '@posthouse/queue';
import './compile-cache.ts';

export interface StoreDirectory {
  readonly path: string;
  readonly reports: readonly DamageReport[];
  /** A store on the directory, started; stopped by `using`. */
  open(options?: Partial<SqliteStoreOptions>, deps?: Partial<SqliteStoreDeps>): Promise<Store>;
  /** Resolves with the nth report (from 0). */
  report(index: number): Promise<DamageReport>;
  /** Resolves with the first log event of this name from now on. */
  logged(event: string): Promise<LogFields>;
  /** Does something to the database while no store has it. */
  alter(work: (database: DatabaseSync) => void): void;
  /** The file names below a subdirectory. */
  files(subdirectory: string): Promise<readonly string[]>;
}

/** Runs a test on a new directory, and clears up behind it. */
export async function usingDirectory(test: (at: StoreDirectory) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'posthouse-store-'));
  const opened: Store[] = [];
  const reports = new Arrivals<DamageReport>();
  const logged = new Arrivals<LogFields>();
  const logger = loggerTo((fields) => logged.add(fields));
  try {
    await test({
      path,
      reports: reports.all,
      async open(options = {}, deps = {}) {
        const store = createSqliteStore(
          { directory: path, ...options },
          { logger, onDamage: (report) => reports.add(report), ...deps },
        );
        opened.push(store);
        await store.start();
        return store;
      },
      report: (index) => reports.first((_, place) => place >= index),
      logged(event) {
        const seen = logged.all.length;
        return logged.first((fields, place) => place >= seen && fields.event === event);
      },
      alter(work) {
        const database = new DatabaseSync(join(path, 'queue-1.sqlite'));
        try {
          work(database);
        } finally {
          database.close();
        }
      },
      async files(subdirectory) {
        const names = await readdir(join(path, subdirectory), { recursive: true }).catch(() => []);
        return names.filter((name) => /[^/\\]{4,}$/.test(name)).toSorted();
      },
    });
  } finally {
    for (const store of opened) await store.stop();
    await rm(path, { recursive: true });
  }
}

/** Overwrites a stretch of a file with rubbish. */
export async function spoil(path: string, position: number, length: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.alloc(length, 0xa5), 0, length, position);
  } finally {
    await file.close();
  }
}

function loggerTo(take: (fields: LogFields) => void): Logger {
  return { debug: take, info: take, warn: take, error: take };
}

/** Things that come, and those who wait for one. */
class Arrivals<Thing> {
  readonly all: Thing[] = [];
  readonly #waiting = new Set<() => void>();

  add(thing: Thing): void {
    this.all.push(thing);
    for (const look of this.#waiting) look();
  }

  first(wanted: (thing: Thing, place: number) => boolean): Promise<Thing> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.all.find(wanted);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
