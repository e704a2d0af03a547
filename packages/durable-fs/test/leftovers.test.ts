import { expect, test } from 'vitest';
import { createFile, removeLeftovers } from '@posthouse/durable-fs';
import { bytes, newTrial, texts } from './sweep.ts';

const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

test('touches nothing but temporary names', async () => {
  const { disk, volatile } = newTrial();
  const kept = ['accounts', '.tmp', '.tmp.write', `.tmp.write.${UUID}.bak`, `tmp.write.${UUID}`];
  for (const name of [...kept, `.tmp.write.${UUID}`]) {
    await createFile(disk, `/${name}`, bytes(''));
  }
  expect(await removeLeftovers(disk, '/', { now: Date.now() })).toBe(1);
  expect(Object.keys(texts(volatile)).toSorted()).toEqual(
    kept.map((name) => `/${name}`).toSorted(),
  );
});

test('without an owner, goes by age alone', async () => {
  const { disk, volatile } = newTrial();
  await createFile(disk, `/.tmp.write.${UUID}`, bytes(''));
  expect(await removeLeftovers(disk, '/', { now: 1000, maxAgeMs: 1000 })).toBe(0);
  expect(await removeLeftovers(disk, '/', { now: 1001, maxAgeMs: 1000 })).toBe(1);
  expect(texts(volatile)).toEqual({});
});

test('is not put out by a file that is finished while it looks', async () => {
  const { disk, faulty } = newTrial();
  await createFile(disk, `/.tmp.write.${UUID}`, bytes(''));
  faulty.inject({ fault: { kind: 'fail', code: 'ENOENT' }, operation: 'stat', path: /tmp\.write/ });
  expect(await removeLeftovers(disk, '/', { now: Date.now() })).toBe(0);
});

test('tells of a directory that cannot be read', async () => {
  const { disk } = newTrial();
  await expect(removeLeftovers(disk, '/none', { now: 0 })).rejects.toMatchObject({
    kind: 'missing',
  });
});
