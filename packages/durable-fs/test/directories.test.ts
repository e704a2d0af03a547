import { describe, expect, test } from 'vitest';
import { createDisk, createFile } from '@posthouse/durable-fs';
import { bytes, newTrial, sweep } from './sweep.ts';
import type { Trial } from './sweep.ts';

const DEEP = '/mail/example.test/alice/Maildir/new';

async function exists(trial: Trial, path: string): Promise<boolean> {
  return trial.volatile.stat(path).then(
    () => true,
    () => false,
  );
}

function operations(trial: Trial, from = 0): readonly string[] {
  return trial.faulty.calls
    .slice(from)
    .filter(({ operation }) => operation !== 'stat')
    .map(({ operation, path }) => `${operation} ${path}`);
}

describe('ensure', () => {
  test('makes what is missing, top down, each name synced before the next', async () => {
    const trial = newTrial();
    await trial.disk.directories.ensure('/mail/a/b');
    expect(operations(trial)).toEqual([
      'mkdir /mail',
      'syncDirectory /',
      'mkdir /mail/a',
      'syncDirectory /mail',
      'mkdir /mail/a/b',
      'syncDirectory /mail/a',
    ]);
  });

  test('what it made survives a power cut', async () => {
    const trial = newTrial();
    await trial.disk.directories.ensure(DEEP);
    trial.volatile.cutPower('lost');
    expect(await exists(trial, DEEP)).toBe(true);
  });

  test('uses the mode for all that it makes, 0700 by default', async () => {
    const trial = newTrial();
    await trial.disk.directories.ensure('/private/inner');
    await trial.disk.directories.ensure('/public/inner', 0o755);
    expect((await trial.volatile.stat('/private')).mode).toBe(0o700);
    expect((await trial.volatile.stat('/public/inner')).mode).toBe(0o755);
  });

  test('costs one stat the second time', async () => {
    const trial = newTrial();
    await trial.disk.directories.ensure(DEEP);
    const from = trial.faulty.calls.length;
    await trial.disk.directories.ensure(DEEP);
    expect(trial.faulty.calls.slice(from).map((call) => call.operation)).toEqual(['stat']);
  });

  test('does not trust a directory that another process made and may not have synced', async () => {
    const trial = newTrial();
    for (const path of ['/mail', '/mail/a', '/mail/a/b']) await trial.volatile.mkdir(path, 0o700);
    await trial.disk.directories.ensure('/mail/a/b');
    trial.volatile.cutPower('lost');
    expect(await exists(trial, '/mail/a/b')).toBe(true);
  });

  test('makes a directory again that was removed', async () => {
    const trial = newTrial();
    await trial.disk.directories.ensure('/mail/a');
    await trial.volatile.rename('/mail', '/gone');
    await trial.volatile.syncDirectory('/');
    await trial.disk.directories.ensure('/mail/a');
    trial.volatile.cutPower('lost');
    expect(await exists(trial, '/mail/a')).toBe(true);
  });

  test('nobody goes on before the name is durable, whoever made the directory', async () => {
    const trial = newTrial();
    const held = trial.faulty.inject({ fault: { kind: 'delay' }, operation: 'syncDirectory' });
    const told: string[] = [];
    const first = trial.disk.directories.ensure('/mail').then(() => told.push('first'));
    await held.reached;
    const second = trial.disk.directories.ensure('/mail').then(() => told.push('second'));
    await trial.disk.fileSystem.stat('/mail'); // it is there to be seen
    expect(told).toEqual([]);
    held.release();
    await Promise.all([first, second]);
    trial.volatile.cutPower('lost');
    expect(await exists(trial, '/mail')).toBe(true);
  });

  test('many at once agree', async () => {
    const trial = newTrial();
    await Promise.all(Array.from({ length: 16 }, () => trial.disk.directories.ensure(DEEP)));
    trial.volatile.cutPower('lost');
    expect(await exists(trial, DEEP)).toBe(true);
  });

  test('after death at any call, the next process makes it whole', async () => {
    const count = await sweep(
      { kind: 'stop' },
      {
        act: (disk) => disk.directories.ensure(DEEP),
        async check(trial) {
          await createDisk(trial.volatile).directories.ensure(DEEP);
          trial.volatile.cutPower('lost');
          expect(await exists(trial, DEEP)).toBe(true);
        },
      },
    );
    expect(count).toBeGreaterThan(10);
  });

  test('a failure at any call is told, and the next try mends it', async () => {
    await sweep(
      { kind: 'fail', code: 'EIO' },
      {
        act: (disk) => disk.directories.ensure(DEEP),
        async check(trial, error) {
          expect(error).toMatchObject({ kind: 'unavailable' });
          await trial.disk.directories.ensure(DEEP);
          trial.volatile.cutPower('lost');
          expect(await exists(trial, DEEP)).toBe(true);
        },
      },
    );
  });

  test('stops at a directory above that is not ours to look into', async () => {
    const trial = newTrial();
    await trial.volatile.mkdir('/var', 0o755);
    await trial.volatile.mkdir('/var/posthouse', 0o700);
    trial.faulty.inject({
      fault: { kind: 'fail', code: 'EACCES' },
      operation: 'syncDirectory',
      path: /^\/var$/,
    });
    await trial.disk.directories.ensure('/var/posthouse');
    expect(operations(trial)).toContain('syncDirectory /var');
  });

  test('stops at a mount point', async () => {
    const trial = newTrial();
    await trial.volatile.mkdir('/mnt', 0o755);
    await trial.volatile.mkdir('/mnt/spool', 0o755);
    const stat = trial.volatile.stat.bind(trial.volatile);
    trial.volatile.stat = async (path) => ({
      ...(await stat(path)),
      device: path.startsWith('/mnt/spool') ? 2 : 1,
    });
    await trial.disk.directories.ensure('/mnt/spool/queue');
    expect(operations(trial)).toEqual(['mkdir /mnt/spool/queue', 'syncDirectory /mnt/spool']);
  });

  test('a file of that name is in the way', async () => {
    const trial = newTrial();
    await createFile(trial.disk, '/mail', bytes(''));
    await expect(trial.disk.directories.ensure('/mail')).rejects.toMatchObject({ kind: 'exists' });
  });
});

describe('list', () => {
  test('gives names and kinds, never more than a batch at a time', async () => {
    const trial = newTrial();
    await trial.disk.directories.ensure('/d/inner');
    for (let index = 0; index < 7; index += 1) {
      await createFile(trial.disk, `/d/${index}`, bytes(''));
    }
    const batches = [];
    for await (const batch of trial.disk.directories.list('/d', 3)) batches.push(batch);
    expect(batches.map((batch) => batch.length)).toEqual([3, 3, 2]);
    expect(batches.flat()).toContainEqual({ name: 'inner', kind: 'directory' });
    expect(batches.flat()).toContainEqual({ name: '6', kind: 'file' });
  });
});
