/** What the SQLite store does beyond the contract: commits in groups, files, orphans, lost threads. */
import { channel } from 'node:diagnostics_channel';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { nodeFileSystem } from '@posthouse/durable-fs';
import { createFaultyFileSystem } from '@posthouse/durable-fs/testing';
import { StoreError } from '@posthouse/queue';
import { describe, expect, it } from 'vitest';
import {
  claim,
  done,
  listed,
  readBytes,
  sampleMessage,
  stageBytes,
} from '../../src/testing/sample-messages.ts';
import { usingDirectory } from './store-directory.ts';

const LARGE = 300_000;

describe('commits', () => {
  it('are shared by all who call while one runs', () =>
    usingDirectory(async (at) => {
      const store = await at.open();
      const samples = Array.from({ length: 200 }, () =>
        sampleMessage({ recipients: ['bob@a.test'] }),
      );
      await Promise.all(samples.map((sample) => store.accept([sample])));
      await store.stop();
      at.alter((database) => {
        const row = database.prepare('SELECT commits FROM counter').get();
        expect(row?.['commits']).toBeLessThan(20);
      });
    }));

  it('do not suffer from the bad call of another', () =>
    usingDirectory(async (at) => {
      const store = await at.open();
      const good = sampleMessage({ recipients: ['bob@a.test'] });
      const bad = sampleMessage({ recipients: ['carol@a.test', 'carol@a.test'] });
      const [first] = bad.recipients;
      if (first === undefined) throw new TypeError('it has two');
      const [accepted, refused] = await Promise.allSettled([
        store.accept([good]),
        store.accept([{ ...bad, recipients: [first, first] }]), // one index twice
      ]);
      expect(accepted.status).toBe('fulfilled');
      expect(refused.status).toBe('rejected');
      expect(await listed(store)).toEqual(['bob']);
      expect(store.usage()).toMatchObject({ messages: 1, recipients: 1 });
    }));
});

describe('large content', () => {
  it('is a file while its message is there, and no longer', () =>
    usingDirectory(async (at) => {
      const store = await at.open();
      const content = await stageBytes(store, randomBytes(LARGE));
      expect(content.pointer.kind).toBe('adopted');
      await store.accept([sampleMessage({ recipients: ['bob@a.test'], content })]);
      expect(await at.files('content')).toHaveLength(1);
      const [bob] = await claim(store);
      if (bob === undefined) throw new TypeError('one was due');
      await store.conclude([{ changes: [done(bob)], events: [], messages: [] }]);
      await store.stop();
      expect(await at.files('content')).toEqual([]);
      expect(await at.files('staging')).toEqual([]);
    }));

  it('begins where the options say', () =>
    usingDirectory(async (at) => {
      const store = await at.open({ maxInlineBytes: 10 });
      expect((await stageBytes(store, Buffer.alloc(10))).pointer.kind).toBe('inline');
      expect((await stageBytes(store, Buffer.alloc(11))).pointer.kind).toBe('adopted');
    }));

  it('leaves nothing behind when it is discarded', () =>
    usingDirectory(async (at) => {
      const store = await at.open();
      const open = store.stage();
      await open.write(randomBytes(LARGE));
      const ended = store.stage();
      await ended.write(randomBytes(LARGE));
      await ended.end();
      await Promise.all([open.discard(), ended.discard()]);
      await store.stop();
      expect(await at.files('content')).toEqual([]);
      expect(await at.files('staging')).toEqual([]);
    }));

  it('that no message refers to is removed after the next start', () =>
    usingDirectory(async (at) => {
      const store = await at.open();
      const bytes = randomBytes(LARGE);
      const content = await stageBytes(store, bytes);
      const sample = sampleMessage({ recipients: ['bob@a.test'], content });
      await store.accept([sample]);
      await stageBytes(store, bytes); // never accepted: its process dies now
      await store.stop();
      await mkdir(join(at.path, 'staging'), { recursive: true });
      const unfinished = join(at.path, 'staging', '.tmp-queue-0123456789ab');
      await writeFile(unfinished, 'unfinished');
      expect(await at.files('content')).toHaveLength(2);
      const swept = at.logged('queue-orphans-removed');
      const again = await at.open();
      await swept;
      expect(await at.files('content')).toHaveLength(1);
      expect((await readBytes(again, sample.message.id)).equals(bytes)).toBe(true);
    }));

  it.each([
    ['ENOSPC', 'write', 'full'],
    ['EIO', 'sync', 'unavailable'],
    ['EIO', 'rename', 'unavailable'],
    ['EIO', 'syncDirectory', 'unavailable'],
  ] as const)('that meets %s at %s is refused, and leaves nothing', (code, operation, kind) =>
    usingDirectory(async (at) => {
      const fileSystem = createFaultyFileSystem(nodeFileSystem);
      const store = await at.open({}, { fileSystem });
      await stageBytes(store, randomBytes(LARGE)).then((content) =>
        store.accept([sampleMessage({ recipients: ['bob@a.test'], content })]),
      );
      const before = await at.files('content');
      const fault = fileSystem.inject({
        operation,
        path: /staging|content/,
        fault: { kind: 'fail', code },
        times: Infinity,
      });
      const refused = await stageBytes(store, randomBytes(LARGE)).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(StoreError);
      expect(refused).toMatchObject({ kind });
      fault.remove();
      expect(await at.files('content')).toEqual(before);
      expect(await at.files('staging')).toEqual([]);
      await stageBytes(store, randomBytes(LARGE));
    }),
  );
});

describe('the directory', () => {
  it.skipIf(process.platform === 'win32')('and all that is in it are for us alone', () =>
    usingDirectory(async (at) => {
      const store = await at.open({ maxInlineBytes: 10 });
      const content = await stageBytes(store, Buffer.alloc(11));
      await store.accept([sampleMessage({ recipients: ['bob@a.test'], content })]);
      const entries = await readdir(at.path, { recursive: true, withFileTypes: true });
      const modes = entries.map(async (entry) => {
        const { mode } = await stat(join(entry.parentPath, entry.name));
        return [entry.name, mode & 0o077] as const;
      });
      expect(entries.map(({ name }) => name)).toContain('queue-1.sqlite-wal');
      expect(new Map(await Promise.all(modes))).toEqual(
        new Map(entries.map(({ name }) => [name, 0])),
      );
    }),
  );

  it('that cannot be used is named, with the reason in the words of the system', () =>
    usingDirectory(async (at) => {
      await mkdir(join(at.path, 'lock'));
      const refused = at.open();
      await expect(refused).rejects.toMatchObject({ kind: 'unavailable', code: 'EISDIR' });
      await expect(refused).rejects.toThrow(at.path);
    }));
});

describe('durability "memory"', () => {
  it('keeps everything through a restart, and syncs nothing', () =>
    usingDirectory(async (at) => {
      const fileSystem = createFaultyFileSystem(nodeFileSystem);
      const store = await at.open({ durability: 'memory' }, { fileSystem });
      expect(store.durability).toBe('memory');
      const content = await stageBytes(store, randomBytes(LARGE));
      await store.accept([sampleMessage({ recipients: ['bob@a.test'], content })]);
      await store.stop();
      const again = await at.open({ durability: 'memory' });
      expect(await listed(again)).toEqual(['bob']);
      expect(fileSystem.calls.filter((call) => call.operation.startsWith('sync'))).toEqual([]);
    }));
});

describe('a thread that is lost', () => {
  it.each(['commit-thread', 'read-thread'])('is replaced at the next call (%s)', (name) =>
    usingDirectory(async (at) => {
      const { value: store, threads } = await watchingThreads(() => at.open());
      await store.accept([sampleMessage({ recipients: ['bob@a.test'] })]);
      await threads.find((thread) => thread.threadName === name)?.terminate();
      await store.accept([sampleMessage({ recipients: ['carol@a.test'] })]);
      expect(await listed(store)).toEqual(['bob', 'carol']);
      expect(store.usage().messages).toBe(2);
    }),
  );

  it('leaves in doubt what was under way, and the same call clears it up', () =>
    usingDirectory(async (at) => {
      const { value: store, threads } = await watchingThreads(() => at.open());
      const sample = sampleMessage({
        recipients: ['bob@a.test'],
        content: await stageBytes(store, randomBytes(LARGE)),
      });
      const underWay = store.accept([sample]);
      await threads.find((thread) => thread.threadName === 'commit-thread')?.terminate();
      const [outcome] = await Promise.allSettled([underWay]);
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'in-doubt' });
      await store.accept([sample]);
      expect(await listed(store)).toEqual(['bob']);
      expect(await readBytes(store, sample.message.id)).toHaveLength(LARGE);
    }));
});

/** What the work comes to, and the threads that were started meanwhile. */
async function watchingThreads<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly threads: readonly Worker[] }> {
  const threads: Worker[] = [];
  const listen = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('worker' in message)) return;
    if (message.worker instanceof Worker) threads.push(message.worker);
  };
  const created = channel('worker_threads');
  created.subscribe(listen);
  try {
    return { value: await work(), threads };
  } finally {
    created.unsubscribe(listen);
  }
}
