/** A whole file in one call: how far it came, whatever goes wrong, in this thread and in one of its own. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDisk, createThreadedPlacer, nodeFileSystem } from '@posthouse/durable-fs';
import type { Disk, PlacedFile } from '@posthouse/durable-fs';
import { bytes, callLines, newTrial, texts } from './sweep.ts';
import type { Trial } from './sweep.ts';

const NAMES = { unfinished: '/tmp/1', path: '/new/1' } as const;

/** A disk with a Maildir and an open ledger. */
async function prepared(): Promise<Trial & { readonly file: PlacedFile }> {
  const trial = newTrial();
  for (const path of ['/tmp', '/new']) await trial.volatile.mkdir(path, 0o700);
  const ledger = await trial.disk.fileSystem.open('/ledger', 'create');
  const note = { file: ledger, line: 'i 1\n' };
  return { ...trial, file: { ...NAMES, bytes: bytes('mail'), note } };
}

describe('a file that is placed', () => {
  test('is on the disk before it is noted, and noted before it has its name', async () => {
    const { disk, faulty, file, volatile } = await prepared();
    const before = faulty.calls.length;
    expect(await disk.place(file)).toEqual({ kind: 'placed' });
    expect(callLines(faulty).slice(before)).toEqual([
      'open /tmp/1',
      'write /tmp/1',
      'sync /tmp/1',
      'close /tmp/1',
      'write /ledger',
      'rename /tmp/1 /new/1',
      'syncDirectory /new',
    ]);
    expect(texts(volatile)).toEqual({ '/new/1': 'mail', '/ledger': 'i 1\n' });
    expect(file.bytes).toBeDefined();
  });

  test('that may last as either name is synced with its first one, before it is noted', async () => {
    const { disk, faulty, file, volatile } = await prepared();
    const before = faulty.calls.length;
    expect(await disk.place({ ...file, lastsAs: 'either' })).toEqual({ kind: 'placed' });
    expect(callLines(faulty).slice(before)).toEqual([
      'open /tmp/1',
      'write /tmp/1',
      'sync /tmp/1',
      'syncDirectory /tmp',
      'close /tmp/1',
      'write /ledger',
      'rename /tmp/1 /new/1',
    ]);
    expect(texts(volatile)).toEqual({ '/new/1': 'mail', '/ledger': 'i 1\n' });
  });

  test.each([
    ['sync', 'is written here'],
    ['syncDirectory', 'is written here'],
    ['syncDirectory', 'was written before'],
  ] as const)(
    'that may last as either name is gone when %s fails and it %s',
    async (operation, when) => {
      const { disk, faulty, file, volatile } = await prepared();
      const wasWritten = when === 'was written before';
      if (wasWritten) await volatile.close(await volatile.open('/tmp/1', 'create'));
      faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation });
      const bytesToo = wasWritten ? { bytes: undefined } : {};
      const placement = await disk.place({ ...file, ...bytesToo, lastsAs: 'either' });
      expect(placement).toMatchObject({ kind: 'unwritten', error: { operation } });
      expect(texts(volatile)).toEqual({ '/ledger': '' });
    },
  );

  test.each([
    ['open', 'unwritten', { '/ledger': '' }],
    ['sync', 'unwritten', { '/ledger': '' }],
    ['rename', 'unplaced', { '/ledger': 'i 1\n', '/tmp/1': 'mail' }],
    ['syncDirectory', 'unplaced', { '/ledger': 'i 1\n', '/new/1': 'mail' }],
  ] as const)('says how far it came when %s fails: %s', async (operation, kind, left) => {
    const { disk, faulty, file, volatile } = await prepared();
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation });
    const placement = await disk.place(file);
    expect(placement).toMatchObject({ kind, error: { kind: 'unavailable', operation } });
    expect(texts(volatile)).toEqual(left);
    if (placement.kind === 'unplaced') {
      expect(placement).toMatchObject({ isNoted: true });
      expect(Object.keys(left)).toContain(placement.path);
    }
  });

  test('says that the note may be torn', async () => {
    const { disk, faulty, file, volatile } = await prepared();
    const fault = { kind: 'tear', bytes: 2, code: 'ENOSPC' } as const;
    faulty.inject({ fault, path: /ledger/ });
    const placement = await disk.place(file);
    expect(placement).toMatchObject({ kind: 'unplaced', path: '/tmp/1', isNoted: false });
    expect(texts(volatile)).toEqual({ '/ledger': 'i ', '/tmp/1': 'mail' });
  });

  test('may be written already', async () => {
    const { disk, file, volatile } = await prepared();
    await volatile.open('/tmp/1', 'create');
    expect(await disk.place({ ...file, bytes: undefined })).toEqual({ kind: 'placed' });
    expect(texts(volatile)).toEqual({ '/new/1': '', '/ledger': 'i 1\n' });
  });
});

/** A directory with `tmp` and `new`, and a disk whose files are placed by a thread. */
async function threaded(): Promise<{
  readonly disk: Disk;
  readonly at: (...names: readonly string[]) => string;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'durable-fs-'));
  const placer = createThreadedPlacer();
  onTestFinished(async () => {
    await placer.stop();
    await rm(directory, { recursive: true });
  });
  const disk = createDisk(nodeFileSystem, placer);
  for (const name of ['tmp', 'new']) await disk.directories.ensure(join(directory, name));
  return { disk, at: (...names) => join(directory, ...names) };
}

describe('in a thread', () => {
  test('many files at once are placed and noted, each whole', async () => {
    const { disk, at } = await threaded();
    const ledger = await nodeFileSystem.open(at('ledger'), 'create');
    const numbers = Array.from({ length: 200 }, (_, index) => String(index));
    const placements = await Promise.all(
      numbers.map((number) =>
        disk.place({
          unfinished: at('tmp', number),
          path: at('new', number),
          bytes: bytes(`mail ${number}`),
          note: { file: ledger, line: `${number}\n` },
        }),
      ),
    );
    expect(placements.every(({ kind }) => kind === 'placed')).toBe(true);
    expect(await readdir(at('tmp'))).toEqual([]);
    expect((await readdir(at('new'))).toSorted()).toEqual(numbers.toSorted());
    expect(await readFile(at('new', '7'), 'utf8')).toBe('mail 7');
    const noted = (await readFile(at('ledger'), 'utf8')).trimEnd().split('\n');
    expect(noted.toSorted()).toEqual(numbers.toSorted());
    await nodeFileSystem.close(ledger);
  });

  test('large files at once are each whole', async () => {
    const { disk, at } = await threaded();
    const texts = Array.from({ length: 40 }, (_, index) => `mail ${index}\n`.repeat(10_000));
    const placed = await Promise.all(
      texts.map((text, index) =>
        disk.place({
          unfinished: at('tmp', `${index}`),
          path: at('new', `${index}`),
          bytes: bytes(text),
        }),
      ),
    );
    expect(placed.every(({ kind }) => kind === 'placed')).toBe(true);
    for (const [index, text] of texts.entries()) {
      expect((await readFile(at('new', `${index}`), 'utf8')) === text).toBe(true);
    }
  });

  test('memory that is shared with others stays theirs', async () => {
    const { disk, at } = await threaded();
    const whole = bytes('one and two');
    const file = { unfinished: at('tmp', '1'), path: at('new', '1'), bytes: whole.subarray(0, 3) };
    await disk.place(file);
    expect(await readFile(at('new', '1'), 'utf8')).toBe('one');
    expect(Buffer.from(whole).toString()).toBe('one and two');
  });

  test('a failure comes back with its kind and its place', async () => {
    const { disk, at } = await threaded();
    const content = bytes('mail');
    const nowhere = { unfinished: at('nowhere', '1'), path: at('new', '1'), bytes: content };
    const place = { kind: 'missing', operation: 'open', path: nowhere.unfinished };
    expect(await disk.place(nowhere)).toMatchObject({ kind: 'unwritten', error: place });
    const halfway = { unfinished: at('tmp', '2'), path: at('nowhere', '2'), bytes: bytes('mail') };
    expect(await disk.place(halfway)).toMatchObject({
      kind: 'unplaced',
      path: halfway.unfinished,
      isNoted: true,
      error: { kind: 'missing', operation: 'rename', path: halfway.path },
    });
    expect(await readdir(at('tmp'))).toEqual(['2']);
  });

  test('who stops it waits for what is under way, and it begins anew when there is more', async () => {
    const placer = createThreadedPlacer();
    const { at } = await threaded();
    await placer.start();
    const placing = placer.place({
      unfinished: at('tmp', '1'),
      path: at('new', '1'),
      bytes: bytes('mail'),
    });
    await placer.stop();
    expect(await readdir(at('new'))).toEqual(['1']);
    expect(await placing).toEqual({ kind: 'placed' });
    await placer.stop();
    const again = { unfinished: at('tmp', '2'), path: at('new', '2'), bytes: bytes('mail') };
    expect(await placer.place(again)).toEqual({ kind: 'placed' });
    await placer.stop();
  });

  test('what cannot be sent to the thread is not written, and the next file goes on', async () => {
    const { disk, at } = await threaded();
    const memory = new ArrayBuffer(4);
    const gone = new Uint8Array(memory);
    memory.transfer();
    const unsendable = { unfinished: at('tmp', '1'), path: at('new', '1'), bytes: gone };
    expect(await disk.place(unsendable)).toMatchObject({
      kind: 'unwritten',
      error: { kind: 'unavailable', operation: 'place' },
    });
    const next = { unfinished: at('tmp', '2'), path: at('new', '2'), bytes: bytes('mail') };
    expect(await disk.place(next)).toEqual({ kind: 'placed' });
  });

  test('nothing is known of what a lost thread had under way, and the next file goes on', async () => {
    const { disk, at } = await threaded();
    process.once('worker', (worker) => void worker.terminate());
    const lost = { unfinished: at('tmp', '1'), path: at('new', '1'), bytes: bytes('mail') };
    expect(await disk.place(lost)).toMatchObject({
      kind: 'unknown',
      error: { kind: 'unavailable' },
    });
    const next = { unfinished: at('tmp', '2'), path: at('new', '2'), bytes: bytes('mail') };
    expect(await disk.place(next)).toEqual({ kind: 'placed' });
  });
});
