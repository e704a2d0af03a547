import { expect, test } from 'vitest';
import { createDisk, createFile, quarantine } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { bytes, finished, newTrial, sweep, texts } from './sweep.ts';

const REASON = 'digest differs';

async function damaged(disk: Disk): Promise<void> {
  await disk.directories.ensure('/content');
  await createFile(disk, '/content/Q1', bytes('garbled'));
}

test('moves the file aside with the reason beside it, durably', async () => {
  const { disk, volatile } = newTrial();
  await damaged(disk);
  expect(await quarantine(disk, '/content/Q1', REASON)).toBe('/content/damaged/Q1');
  volatile.cutPower('lost');
  expect(texts(volatile)).toEqual({
    '/content/damaged/Q1': 'garbled',
    '/content/damaged/Q1.reason.txt': 'digest differs\n',
  });
});

test('takes another place on request', async () => {
  const { disk, volatile } = newTrial();
  await damaged(disk);
  await quarantine(disk, '/content/Q1', REASON, '/damaged');
  expect(Object.keys(texts(volatile)).toSorted()).toEqual([
    '/damaged/Q1',
    '/damaged/Q1.reason.txt',
  ]);
});

test('overwrites nothing that lies there', async () => {
  const { disk, volatile } = newTrial();
  for (const path of ['/content/damaged/Q1', '/content/damaged/Q1.1', '/content/damaged/Q1.2']) {
    await damaged(disk);
    expect(await quarantine(disk, '/content/Q1', REASON)).toBe(path);
  }
  expect(Object.keys(texts(volatile))).toHaveLength(6);
});

test('of two at once, one moves the file and the other finds it missing', async () => {
  const { disk, volatile } = newTrial();
  await damaged(disk);
  const all = await Promise.allSettled([
    quarantine(disk, '/content/Q1', REASON),
    quarantine(disk, '/content/Q1', REASON),
  ]);
  expect(all.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(Object.keys(texts(volatile))).toHaveLength(2);
});

test('a missing file is told, and nothing is made', async () => {
  const { disk, volatile } = newTrial();
  await expect(quarantine(disk, '/content/Q1', REASON)).rejects.toMatchObject({ kind: 'missing' });
  expect(texts(volatile)).toEqual({});
});

test('after a failure or death at any call the file is whole in one place', async () => {
  const places = ['/content/Q1', '/content/damaged/Q1'];
  for (const fault of [{ kind: 'fail', code: 'EIO' }, { kind: 'stop' }] as const) {
    await sweep(fault, {
      prepare: damaged,
      act: (disk) => quarantine(disk, '/content/Q1', REASON),
      check({ volatile }) {
        const found = Object.entries(finished(volatile)).filter(([path]) => places.includes(path));
        expect(found.map(([, content]) => content)).toEqual(['garbled']);
      },
    });
  }
});

test('after a power cut at any call the file is whole, at worst in both places', async () => {
  for (const names of ['lost', 'kept'] as const) {
    await sweep(
      { kind: 'stop' },
      {
        prepare: damaged,
        act: (disk) => quarantine(disk, '/content/Q1', REASON),
        async check({ volatile }) {
          volatile.cutPower(names);
          const files = finished(volatile);
          const kept = [files['/content/Q1'], files['/content/damaged/Q1']];
          expect(new Set(kept.filter((content) => content !== undefined))).toEqual(
            new Set(['garbled']),
          );
          if (files['/content/Q1'] === undefined) return;
          await quarantine(createDisk(volatile), '/content/Q1', REASON);
        },
      },
    );
  }
});
