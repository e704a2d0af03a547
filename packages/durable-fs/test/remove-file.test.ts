import { expect, test } from 'vitest';
import { createFile, removeFile } from '@posthouse/durable-fs';
import { bytes, newTrial, texts } from './sweep.ts';

test('what it removed stays away after a power cut', async () => {
  const { disk, volatile } = newTrial();
  await createFile(disk, '/1', bytes('content'));
  expect(await removeFile(disk, '/1')).toBe(true);
  volatile.cutPower('lost');
  expect(texts(volatile)).toEqual({});
});

test('says that there was none', async () => {
  const { disk } = newTrial();
  expect(await removeFile(disk, '/1')).toBe(false);
});

test('tells of any other failure', async () => {
  const { disk, faulty } = newTrial();
  await createFile(disk, '/1', bytes('content'));
  faulty.inject({ fault: { kind: 'fail', code: 'EROFS' }, operation: 'unlink' });
  await expect(removeFile(disk, '/1')).rejects.toMatchObject({ kind: 'read-only' });
});
