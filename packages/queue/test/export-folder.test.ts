import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDisk } from '@posthouse/durable-fs';
import { createManualClock } from '@posthouse/testkit';
import { exportTo, importFrom } from '../src/index.ts';
import type { Imported, Store } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import {
  eventKinds,
  GREYLISTED,
  HOUR,
  MESSAGE,
  planByDomain,
  startQueue,
  submit,
} from './queue-under-test.ts';

const disk = createDisk();

async function withFolder(check: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-export-'));
  try {
    await check(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A queue that has tried two messages once, exported. */
async function exported(folder: string) {
  const under = await startQueue({ script: () => GREYLISTED });
  const ids = [
    await submit(under.queue, { to: ['bob@example.net', 'carol@example.org'] }),
    await submit(under.queue, { from: '', to: ['bob@example.net'] }),
  ];
  expect(await exportTo(folder, {}, { store: under.store, disk })).toBe(2);
  const before = await under.store.list({}, { limit: 10 });
  await under.stop();
  return { ids, before };
}

async function imported(folder: string, store: Store): Promise<readonly Imported[]> {
  const deps = { store, disk, planner: planByDomain, clock: createManualClock() };
  const lines: Imported[] = [];
  for await (const line of importFrom(folder, deps)) lines.push(line);
  return lines;
}

describe('a folder of queued messages', () => {
  it('holds each as a mail file beside a list', () =>
    withFolder(async (folder) => {
      const { ids } = await exported(folder);
      const names = (await readdir(folder)).toSorted((a, b) => a.localeCompare(b));
      expect(new Set(names)).toEqual(new Set([...ids.map((id) => `${id}.eml`), 'messages.ndjson']));
      expect(await readFile(join(folder, `${ids[0]}.eml`), 'utf8')).toBe(
        `Received: by test\r\n${MESSAGE}`,
      );
    }));

  it('comes back as it was, once, however often', () =>
    withFolder(async (folder) => {
      const { before } = await exported(folder);
      const store = createMemoryStore();
      await store.start();
      expect((await imported(folder, store)).map(({ kind }) => kind)).toEqual(['taken', 'taken']);
      expect((await imported(folder, store)).map(({ kind }) => kind)).toEqual([
        'present',
        'present',
      ]);
      expect(await store.list({}, { limit: 10 })).toEqual(before);
      expect(await eventKinds(store)).toEqual(['accepted', 'accepted', 'accepted']);
      const { attempts, clock, stop } = await startQueue({ deps: { store } });
      await clock.advance(HOUR);
      expect(attempts.map(({ repeat }) => repeat)).toContain(true);
      expect(await attempts[0]?.text).toBe(`Received: by test\r\n${MESSAGE}`);
      await stop();
    }));

  it('with a changed content or a wrong line says so, and the rest is taken', () =>
    withFolder(async (folder) => {
      const { ids } = await exported(folder);
      const list = join(folder, 'messages.ndjson');
      const first = (await readFile(list, 'utf8')).split('\n')[0] ?? '';
      const spoilt = first.startsWith(`{"version":1,"id":"${ids[0]}"`) ? ids[0] : ids[1];
      await writeFile(
        join(folder, `${spoilt}.eml`),
        `Received: by test\r\n${MESSAGE.toUpperCase()}`,
      );
      await appendFile(list, '{"version":2}\nnonsense\n');
      const store = createMemoryStore();
      await store.start();
      expect(await imported(folder, store)).toMatchObject([
        { kind: 'refused', line: 1, reason: expect.stringContaining('changed') as string },
        { kind: 'taken', line: 2 },
        { kind: 'refused', line: 3, reason: 'version is not 1' },
        { kind: 'refused', line: 4, reason: 'the line is no JSON' },
      ]);
      expect(store.usage().messages).toBe(1);
    }));

  it('is not written over another', () =>
    withFolder(async (folder) => {
      await exported(folder);
      const store = createMemoryStore();
      await store.start();
      await expect(exportTo(folder, {}, { store, disk })).rejects.toMatchObject({
        kind: 'exists',
        message: `export ${folder}: there is an export already, name another folder`,
      });
    }));
});
