/** `posthouse read` marks and moves messages of a Maildir. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { posthouse } from './system/commands.ts';

test('a message is marked, then moved to a folder that is made for it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-read-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const maildir = join(directory, 'Maildir');
  for (const part of ['cur', 'new', 'tmp']) await mkdir(join(maildir, part), { recursive: true });
  await writeFile(join(maildir, 'new', '1767225600.1.host'), 'Subject: first\n\nx\n');
  const read = (...args: readonly string[]) => posthouse(directory, ['read', maildir, ...args]);
  expect(await read('1', '--mark', 'seen,flagged')).toEqual({ code: 0, out: '', err: '' });
  expect(await readdir(join(maildir, 'cur'))).toEqual(['1767225600.1.host:2,FS']);
  const both = await read('1', '--mark', 'unflagged', '--move', 'Archive');
  expect(both).toEqual({ code: 0, out: '', err: '' });
  expect(await readdir(join(maildir, '.Archive', 'cur'))).toEqual(['1767225600.1.host:2,S']);
  expect((await read('--folder', 'Archive')).out).toContain('first');
  expect(await read('1', '--mark', 'nonsense')).toMatchObject({ code: 65 });
});
