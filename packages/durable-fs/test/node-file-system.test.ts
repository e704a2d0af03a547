import { mkdtemp, readdir, readFile as readText, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createAdoptedFiles,
  createDisk,
  createFile,
  freeBytes,
  nodeFileSystem,
  openDurableWriter,
  publishFile,
  quarantine,
  readFile,
  readRange,
  removeFile,
  replaceFile,
  writeNewFile,
} from '@posthouse/durable-fs';
import { createFaultyFileSystem } from '@posthouse/durable-fs/testing';
import { hasNoDirectorySync } from '../src/node-file-system.ts';
import { bytes, text } from './sweep.ts';

const hasModeBits = process.platform !== 'win32';

let directory: string;
const disk = createDisk();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'durable-fs-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function at(...names: readonly string[]): string {
  return join(directory, ...names);
}

describe('on the real file system', () => {
  test('replaceFile makes and replaces, with the mode asked for', async () => {
    await replaceFile(disk, at('accounts'), bytes('one'));
    await replaceFile(disk, at('accounts'), bytes('two'), { mode: 0o640 });
    expect(await readText(at('accounts'), 'utf8')).toBe('two');
    expect(await readdir(directory)).toEqual(['accounts']);
    if (hasModeBits) expect((await stat(at('accounts'))).mode & 0o777).toBe(0o640);
  });

  test.runIf(hasModeBits)('files are for their owner alone, directories too', async () => {
    await disk.directories.ensure(at('d', 'e'));
    await createFile(disk, at('d', 'e', 'f'), bytes(''));
    expect((await stat(at('d'))).mode & 0o777).toBe(0o700);
    expect((await stat(at('d', 'e'))).mode & 0o777).toBe(0o700);
    expect((await stat(at('d', 'e', 'f'))).mode & 0o777).toBe(0o600);
  });

  test('createFile takes no name that is taken', async () => {
    await createFile(disk, at('key'), bytes('one'));
    await expect(createFile(disk, at('key'), bytes('two'))).rejects.toMatchObject({
      kind: 'exists',
      operation: 'link',
      path: at('key'),
    });
    expect(await readdir(directory)).toEqual(['key']);
    expect(text(await readFile(disk, at('key'), 10))).toBe('one');
  });

  test('a delivery goes from tmp to new', async () => {
    await disk.directories.ensure(at('tmp'));
    await disk.directories.ensure(at('new'));
    await writeNewFile(disk, at('tmp', '1'), bytes('content'));
    await publishFile(disk, at('tmp', '1'), at('new', '1'));
    expect(await readdir(at('tmp'))).toEqual([]);
    expect(await readText(at('new', '1'), 'utf8')).toBe('content');
    expect(await removeFile(disk, at('new', '1'))).toBe(true);
    expect(await removeFile(disk, at('new', '1'))).toBe(false);
  });

  test('a hundred deliveries at once share directory syncs and all arrive', async () => {
    const faulty = createFaultyFileSystem(nodeFileSystem);
    const shared = createDisk(faulty);
    await shared.directories.ensure(at('tmp'));
    await shared.directories.ensure(at('new'));
    const names = Array.from({ length: 100 }, (_, index) => String(index));
    await Promise.all(
      names.map(async (name) => {
        await writeNewFile(shared, at('tmp', name), bytes(name));
        await publishFile(shared, at('tmp', name), at('new', name));
      }),
    );
    expect((await readdir(at('new'))).toSorted()).toEqual(names.toSorted());
    const syncs = faulty.calls.filter(
      (call) => call.operation === 'syncDirectory' && call.path === at('new'),
    );
    expect(syncs.length).toBeLessThan(100);
    for (const rename of faulty.calls.filter((call) => call.operation === 'rename')) {
      const renamedAt = rename.endedAt ?? Infinity;
      expect(syncs.some((sync) => sync.startedAt > renamedAt)).toBe(true);
    }
  });

  test('a large file is staged, adopted and read back', async () => {
    const files = createAdoptedFiles(
      { stagingDirectory: at('staging'), directory: at('content'), owner: 'relay' },
      disk,
    );
    await files.prepare(Date.now());
    const piece = Buffer.alloc(50_000, 'abc');
    const staged = await files.stage();
    for (let count = 0; count < 20; count += 1) await staged.write(piece);
    await files.adopt(staged, 'Q1');
    let readBytes = 0;
    for await (const part of readRange(disk, files.pathOf('Q1'), 0, staged.sizeBytes)) {
      readBytes += part.byteLength;
    }
    expect(readBytes).toBe(1_000_000);
    expect(await readdir(at('staging'))).toEqual([]);
  });

  test('a leftover of a dead process is removed at the next start', async () => {
    const options = { stagingDirectory: at('s'), directory: at('c'), owner: 'relay' };
    const faulty = createFaultyFileSystem(nodeFileSystem);
    const dying = createAdoptedFiles(options, createDisk(faulty));
    await dying.prepare(Date.now());
    const staged = await dying.stage();
    faulty.inject({ fault: { kind: 'stop', bytes: 2 } });
    await staged.write(bytes('content'));
    await expect(dying.adopt(staged, 'Q1')).rejects.toThrow('stopped');
    expect(await readdir(at('s'))).toHaveLength(1);
    expect(await createAdoptedFiles(options, disk).prepare(Date.now())).toBe(1);
    expect(await readdir(at('s'))).toEqual([]);
  });

  test('a discarded file is gone', async () => {
    const writer = await openDurableWriter(disk, at('w'));
    await writer.write(bytes('content'));
    await writer.discard();
    expect(await readdir(directory)).toEqual([]);
  });

  test('quarantine moves a file aside', async () => {
    await createFile(disk, at('Q1'), bytes('garbled'));
    await quarantine(disk, at('Q1'), 'digest differs');
    expect(await readText(at('damaged', 'Q1'), 'utf8')).toBe('garbled');
    expect(await readText(at('damaged', 'Q1.reason.txt'), 'utf8')).toBe('digest differs\n');
  });

  test('tells how much is free', async () => {
    expect(await freeBytes(disk, directory)).toBeGreaterThan(0);
    await expect(freeBytes(disk, at('none'))).rejects.toMatchObject({ kind: 'missing' });
  });
});

describe('nodeFileSystem', () => {
  test('every call says what is missing as a DurableFsError', async () => {
    const none = at('none');
    const calls = [
      () => nodeFileSystem.open(none, 'read'),
      () => nodeFileSystem.syncDirectory(none),
      () => nodeFileSystem.rename(none, at('other')),
      () => nodeFileSystem.link(none, at('other')),
      () => nodeFileSystem.unlink(none),
      () => nodeFileSystem.mkdir(join(none, 'inner'), 0o700),
      () => nodeFileSystem.stat(none),
      () => nodeFileSystem.statfs(none),
      async () => {
        for await (const _ of nodeFileSystem.list(none, 10)) break;
      },
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ name: 'DurableFsError', kind: 'missing' });
    }
  });

  test('calls on a descriptor that is gone are faults, not crashes', async () => {
    const file = await nodeFileSystem.open(at('f'), 'create');
    await nodeFileSystem.close(file);
    const gone = { ...file, descriptor: 2_000_000_000 };
    const calls = [
      () => nodeFileSystem.read(gone, new Uint8Array(1), 0),
      () => nodeFileSystem.write(gone, bytes('x')),
      () => nodeFileSystem.sync(gone),
      () => nodeFileSystem.close(gone),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ kind: 'unavailable', path: at('f') });
    }
  });

  test('appends, and makes the file if it is missing', async () => {
    for (const part of ['one', 'two']) {
      const file = await nodeFileSystem.open(at('log'), 'append', 0o600);
      await nodeFileSystem.write(file, bytes(part));
      await nodeFileSystem.sync(file);
      await nodeFileSystem.close(file);
    }
    expect(await readText(at('log'), 'utf8')).toBe('onetwo');
  });

  test('tells files, directories and what is neither', async () => {
    await createFile(disk, at('file'), bytes('12345'));
    await disk.directories.ensure(at('inner'));
    if (hasModeBits) await symlink(at('file'), at('link'));
    const kinds = new Map<string, string>();
    for await (const batch of nodeFileSystem.list(directory, 1)) {
      for (const { name, kind } of batch) kinds.set(name, kind);
    }
    expect(kinds.get('file')).toBe('file');
    expect(kinds.get('inner')).toBe('directory');
    if (hasModeBits) expect(kinds.get('link')).toBe('other');
    expect(await nodeFileSystem.stat(at('file'))).toMatchObject({ kind: 'file', sizeBytes: 5 });
    expect(await nodeFileSystem.stat(at('inner'))).toMatchObject({ kind: 'directory' });
  });

  test('a directory that cannot be synced is tolerated on Windows alone', async () => {
    expect(hasNoDirectorySync('win32', 'EPERM')).toBe(true);
    expect(hasNoDirectorySync('win32', 'EISDIR')).toBe(true);
    expect(hasNoDirectorySync('win32', 'EIO')).toBe(false);
    expect(hasNoDirectorySync('win32', 'ENOENT')).toBe(false);
    expect(hasNoDirectorySync('linux', 'EPERM')).toBe(false);
    expect(hasNoDirectorySync('darwin', 'EISDIR')).toBe(false);
    expect(hasNoDirectorySync('linux', undefined)).toBe(false);
  });
});
