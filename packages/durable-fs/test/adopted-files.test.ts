import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createAdoptedFiles, createDisk } from '@posthouse/durable-fs';
import type { AdoptedFiles, Disk } from '@posthouse/durable-fs';
import { bytes, callLines, finished, newTrial, sweep, text, texts } from './sweep.ts';

const OPTIONS = { stagingDirectory: '/queue/staging', directory: '/queue/content', owner: 'relay' };
const NOW = Date.UTC(2026, 10, 23);

async function prepared(disk: Disk, owner = 'relay'): Promise<AdoptedFiles> {
  const files = createAdoptedFiles({ ...OPTIONS, owner }, disk);
  await files.prepare(NOW);
  return files;
}

async function adoptOne(disk: Disk, name = 'Q1'): Promise<void> {
  const files = createAdoptedFiles(OPTIONS, disk);
  const staged = await files.stage();
  await staged.write(bytes(`content of ${name}`));
  await files.adopt(staged, name);
}

async function allNames(files: AdoptedFiles): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const batch of files.names()) found.push(...batch);
  return found;
}

const PATH = createAdoptedFiles(OPTIONS, newTrial().disk).pathOf('Q1');
const ADOPTED = { [PATH]: 'content of Q1' };

describe('adopt', () => {
  test('syncs the content, then the name', async () => {
    const { disk, faulty } = newTrial();
    await prepared(disk);
    await adoptOne(disk, 'Q0'); // an earlier one, as the shard's directory is made on first use
    const from = faulty.calls.length;
    await adoptOne(disk);
    const lines = callLines(faulty)
      .slice(from)
      .filter((line) => !line.startsWith('stat'));
    const shard = PATH.slice(0, PATH.lastIndexOf('/'));
    expect(lines).toEqual([
      'open /queue/staging/temporary',
      'write /queue/staging/temporary',
      'sync /queue/staging/temporary',
      'close /queue/staging/temporary',
      `mkdir ${shard}`,
      'syncDirectory /queue/content',
      `rename /queue/staging/temporary ${PATH}`,
      `syncDirectory ${shard}`,
    ]);
  });

  test.each(['lost', 'kept'] as const)('survives a power cut, unsynced names %s', async (names) => {
    const { disk, volatile } = newTrial();
    await prepared(disk);
    await adoptOne(disk);
    volatile.cutPower(names);
    expect(finished(volatile)).toEqual(ADOPTED);
  });

  test.each(['EIO', 'ENOSPC'])('leaves nothing when any call fails (%s)', async (code) => {
    const count = await sweep(
      { kind: 'fail', code },
      {
        prepare: async (disk) => void (await prepared(disk)),
        act: adoptOne,
        check({ volatile }, error) {
          expect(error).toMatchObject({ kind: code === 'EIO' ? 'unavailable' : 'full' });
          expect(texts(volatile)).toEqual({});
        },
      },
    );
    expect(count).toBeGreaterThan(8);
  });

  test.each([{ kind: 'stop' }, { kind: 'stop', bytes: 4 }] as const)(
    'after death at any call there is all of it or nothing, and the next start clears up (%o)',
    async (fault) => {
      for (const cut of [undefined, 'lost', 'kept'] as const) {
        await sweep(fault, {
          prepare: async (disk) => void (await prepared(disk)),
          act: adoptOne,
          async check({ volatile }) {
            if (cut !== undefined) volatile.cutPower(cut);
            const files = await prepared(createDisk(volatile));
            expect([{}, ADOPTED]).toContainEqual(texts(volatile));
            const names = await allNames(files);
            expect(names).toEqual(Object.keys(texts(volatile)).length === 0 ? [] : ['Q1']);
          },
        });
      }
    },
  );

  test('refuses a name that is not one of a plain file, and makes no such path', async () => {
    const { disk } = newTrial();
    const files = await prepared(disk);
    const staged = await files.stage();
    for (const name of ['', '.', '..', '../x', 'a/b', 'a\\b', '.hidden', 'a\0b', 'x'.repeat(300)]) {
      await expect(files.adopt(staged, name)).rejects.toThrow(RangeError);
      expect(() => files.pathOf(name)).toThrow(RangeError);
    }
    await files.adopt(staged, 'good-name');
  });
});

describe('prepare', () => {
  test('removes the leftovers of this owner at once and of others when they are a day old', async () => {
    const { disk, volatile } = newTrial();
    const mine = await prepared(disk);
    const theirs = await prepared(disk, 'other');
    await mine.stage();
    await theirs.stage();
    const stat = volatile.stat.bind(volatile);
    volatile.stat = async (path) => ({ ...(await stat(path)), modifiedAt: NOW });

    expect(await mine.prepare(NOW + 86_400_000)).toBe(1);
    expect(Object.keys(texts(volatile))).toEqual([expect.stringContaining('.tmp.other.')]);
    expect(await mine.prepare(NOW + 86_400_001)).toBe(1);
    expect(texts(volatile)).toEqual({});
  });

  test('says clearly that the directories are on different file systems', async () => {
    const { disk, volatile } = newTrial();
    const stat = volatile.stat.bind(volatile);
    volatile.stat = async (path) => ({
      ...(await stat(path)),
      device: path.startsWith('/queue/staging') ? 2 : 1,
    });
    await expect(prepared(disk)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('same file system as /queue/content') as string,
    });
  });
});

test('refuses an owner that cannot be part of a name', () => {
  const { disk } = newTrial();
  expect(() => createAdoptedFiles({ ...OPTIONS, owner: 'a/b' }, disk)).toThrow(RangeError);
});

test('finds and removes what was adopted', async () => {
  const { disk, volatile } = newTrial();
  const files = await prepared(disk);
  for (const name of ['Q1', 'Q2', 'Q3']) await adoptOne(disk, name);
  expect((await allNames(files)).toSorted()).toEqual(['Q1', 'Q2', 'Q3']);
  expect(text(volatile.files().get(files.pathOf('Q2')) ?? bytes(''))).toBe('content of Q2');
  expect(await files.remove('Q2')).toBe(true);
  expect(await files.remove('Q2')).toBe(false);
  expect((await allNames(files)).toSorted()).toEqual(['Q1', 'Q3']);
});

test('spreads names over 256 directories, each name always in the same one', () => {
  const files = createAdoptedFiles(OPTIONS, newTrial().disk);
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/);
  fc.assert(
    fc.property(name, (one) => {
      const path = files.pathOf(one);
      expect(path).toMatch(/^\/queue\/content\/[0-9a-f]{2}\//);
      expect(path.endsWith(`/${one}`)).toBe(true);
      expect(files.pathOf(one)).toBe(path);
    }),
  );
  const used = new Set(
    Array.from({ length: 5000 }, (_, index) => files.pathOf(`Q${index}`).split('/')[3]),
  );
  expect(used.size).toBe(256);
});
