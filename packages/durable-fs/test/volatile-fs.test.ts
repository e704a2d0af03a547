/** The forgetful file system: what becomes of a rename of which one directory was synced. */
import { expect, test } from 'vitest';
import { createVolatileFileSystem } from '@posthouse/durable-fs/testing';

test.each([
  ['atomic', '/tmp', ['/new/1']],
  ['atomic', '/new', ['/new/1']],
  ['atomic', '/other', ['/tmp/1']],
  ['torn', '/tmp', []],
  ['torn', '/new', ['/tmp/1', '/new/1']],
  ['torn', '/other', ['/tmp/1']],
] as const)('%s renames, %s synced, leave %j', async (renames, synced, left) => {
  const fileSystem = createVolatileFileSystem({ renames });
  for (const path of ['/tmp', '/new', '/other']) await fileSystem.mkdir(path, 0o700);
  await fileSystem.syncDirectory('/');
  await fileSystem.close(await fileSystem.open('/tmp/1', 'create'));
  await fileSystem.syncDirectory('/tmp');
  await fileSystem.rename('/tmp/1', '/new/1');
  await fileSystem.syncDirectory(synced);
  fileSystem.cutPower('lost');
  expect([...fileSystem.files().keys()]).toEqual(left);
});
