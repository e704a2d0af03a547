/** What root changes with a command stays the agents' own. */
import { spawnSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { POSTHOUSE } from './system/stack-process.ts';

const NOBODY = 65_534;

test.skipIf(process.getuid?.() !== 0)(
  'accounts that root adds can be read by the user whose state directory it is',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'posthouse-owner-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const state = join(directory, 'var');
    await mkdir(state, { mode: 0o700 });
    for (const path of [directory, state]) await chown(path, NOBODY, NOBODY);
    for (const name of ['alice', 'bob']) {
      const words = [POSTHOUSE, 'user', 'add', `${name}@posthouse.test`];
      const options = { cwd: directory, input: 'secret\n', encoding: 'utf8' } as const;
      const args = ['--conditions=@posthouse/source', ...words];
      const { status, stderr } = spawnSync(process.execPath, args, options);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
    const { gid, mode, uid } = await stat(join(state, 'accounts'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: NOBODY, gid: NOBODY, mode: 0o600 });
  },
);
