import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSqliteStore } from '@posthouse/queue';
import type { Store } from '@posthouse/queue';
import { describeStoreContract } from '@posthouse/queue/testing';
import { silentLogger } from '@posthouse/mail';
import './compile-cache.ts';

describeStoreContract('the SQLite store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-store-'));
  const open = (): Store => createSqliteStore({ directory }, { logger: silentLogger });
  let store = open();
  await store.start();
  return {
    store,
    async reopen() {
      await store.stop();
      store = open();
      await store.start();
      return store;
    },
    rival: open,
    async fromTheFuture() {
      await store.stop();
      const database = new DatabaseSync(join(directory, 'queue-1.sqlite'));
      database.exec('PRAGMA user_version = 999');
      database.close();
      return { store: open(), fingerprint: () => fingerprint(directory) };
    },
    async dispose() {
      await store.stop();
      await rm(directory, { recursive: true });
    },
  };
});

async function fingerprint(directory: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(directory, { recursive: true })).toSorted()) {
    const bytes = await readFile(join(directory, name)).catch(() => 'a directory');
    hash.update(name).update(bytes);
  }
  return hash.digest('hex');
}
