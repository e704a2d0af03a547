/**
 * Real disks that fail, under a store in a process of its own: one that is full (tmpfs, as
 * root), and one whose syncs fail (strace injects EIO). Mail is refused as long as it lasts,
 * nothing that was taken is lost, and nothing that was refused comes back.
 */
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { expectAccountOf, Load } from './load.ts';
import { usingDirectory } from './store-directory.ts';

const canMount = process.getuid?.() === 0 && process.platform === 'linux';
const canTrace = spawnSync('strace', ['--version']).status === 0;

it.skipIf(!canMount)('survives a full disk', { timeout: 120_000 }, () =>
  usingDirectory(async (at) => {
    const disk = join(at.path, 'disk');
    await mkdir(disk);
    run('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk);
    try {
      const load = new Load(disk, { callers: 6 });
      await load.line(/^refused \S+ full$/, 50);
      run('mount', '-o', 'remount,size=200m', disk);
      await load.line(/^accepted/, 100);
      await load.kill();
      expect(load.complaints).toBe('');
      const store = await at.open({ directory: disk });
      await expectAccountOf(store, load.fates);
      expect(at.reports).toEqual([]);
      await store.stop();
    } finally {
      run('umount', disk);
    }
  }),
);

it.skipIf(!canTrace)('survives syncs that fail', { timeout: 120_000 }, () =>
  usingDirectory(async (at) => {
    const inject = 'inject=fsync,fdatasync:error=EIO:when=60..160';
    const command = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'];
    const load = new Load(at.path, { callers: 6, command: [...command, '-e', inject] });
    await load.line(/^refused \S+ (?:unavailable|in-doubt)$/, 10);
    await load.line(/^accepted/, 50);
    await load.kill();
    expect(load.complaints).toBe('');
    const store = await at.open();
    await expectAccountOf(store, load.fates);
    expect(at.reports).toEqual([]);
  }),
);

function run(program: string, ...given: readonly string[]): void {
  const { status, stderr } = spawnSync(program, given, { encoding: 'utf8' });
  expect(status, `${program}: ${stderr}`).toBe(0);
}
