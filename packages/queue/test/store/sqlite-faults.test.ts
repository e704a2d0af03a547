/**
 * A disk that does not take what it is given, under a store in a process of its own: mail is
 * refused as long as it lasts, nothing that was taken is lost, and nothing that was refused
 * comes back.
 *
 * A limit on the size of files stands for the disk: a write beyond it fails in the kernel.
 */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { expectAccountOf, Load } from './load.ts';
import { usingDirectory } from './store-directory.ts';

const canLimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;

it.skipIf(!canLimit)(
  'refuses while the disk fails, and goes on when it is well',
  { timeout: 120_000 },
  () =>
    usingDirectory(async (at) => {
      // The soft limit alone, in KiB: it is raised again below.
      const limit = ['bash', '-c', 'ulimit -S -f 2000; exec "$0" "$@"'];
      const load = new Load(at.path, { callers: 6, command: limit });
      await load.line(/^refused \S+ (?:unavailable|full|in-doubt)$/, 20);
      const healed = spawnSync('prlimit', ['--pid', String(load.child.pid), '--fsize=unlimited']);
      expect(healed.status).toBe(0);
      await load.line(/^accepted/, 50);
      await load.line(/^concluded/, 10);
      await load.kill();
      expect(load.complaints).toBe('');
      const store = await at.open();
      await expectAccountOf(store, load.fates);
      expect(at.reports).toEqual([]);
    }),
);
