import { describe, expect, test } from 'vitest';
import { createFaultyFileSystem, createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import { bytes, newTrial, texts } from './sweep.ts';

function wrapped() {
  const volatile = createVolatileFileSystem();
  return { volatile, faulty: createFaultyFileSystem(volatile) };
}

test('without rules it does what the base does, and remembers', async () => {
  const { volatile, faulty } = wrapped();
  const file = await faulty.open('/1', 'create');
  await faulty.write(file, bytes('content'));
  await faulty.close(file);
  await faulty.rename('/1', '/2');
  expect(texts(volatile)).toEqual({ '/2': 'content' });
  expect(faulty.calls.map((call) => call.operation)).toEqual(['open', 'write', 'close', 'rename']);
  expect(faulty.calls[3]).toEqual({
    operation: 'rename',
    path: '/1',
    to: '/2',
    startedAt: 7,
    endedAt: 8,
    outcome: 'done',
  });
});

describe('a rule', () => {
  test('strikes the calls that match operation, path and number', async () => {
    const { faulty } = wrapped();
    const rule = faulty.inject({
      fault: { kind: 'fail', code: 'ENOSPC' },
      operation: 'mkdir',
      path: /\/a/,
      at: 2,
      times: 2,
    });
    const outcomes: string[] = [];
    for (const path of ['/a1', '/b1', '/a2', '/b2', '/a3', '/a4']) {
      await faulty.mkdir(path, 0o700).then(
        () => outcomes.push(`${path} made`),
        (error: unknown) => outcomes.push(`${path} ${String(error)}`),
      );
    }
    expect(outcomes).toEqual([
      '/a1 made',
      '/b1 made',
      '/a2 DurableFsError: mkdir /a2: ENOSPC',
      '/b2 made',
      '/a3 DurableFsError: mkdir /a3: ENOSPC',
      '/a4 made',
    ]);
    expect(rule.hits).toBe(2);
  });

  test('looks at both names of a rename', async () => {
    const { faulty } = wrapped();
    await faulty.close(await faulty.open('/1', 'create'));
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, path: /^\/2$/ });
    await expect(faulty.rename('/1', '/2')).rejects.toMatchObject({ path: '/2' });
  });

  test('ends when it is removed', async () => {
    const { faulty } = wrapped();
    const full = faulty.inject({ fault: { kind: 'fail', code: 'ENOSPC' }, times: Infinity });
    await expect(faulty.stat('/')).rejects.toThrow('ENOSPC');
    full.remove();
    await faulty.stat('/');
  });
});

describe('faults', () => {
  test('tear writes a part and then fails, or tells how much', async () => {
    const { volatile, faulty } = wrapped();
    faulty.inject({ fault: { kind: 'tear', bytes: 3, code: 'ENOSPC' } });
    const file = await faulty.open('/1', 'create');
    await expect(faulty.write(file, bytes('content'))).rejects.toMatchObject({ kind: 'full' });
    expect(texts(volatile)).toEqual({ '/1': 'con' });
    faulty.inject({ fault: { kind: 'tear', bytes: 2 } });
    expect(await faulty.write(file, bytes('tent'))).toBe(2);
    expect(texts(volatile)).toEqual({ '/1': 'conte' });
  });

  test('delay holds a call back, and those after it, until the release', async () => {
    const { volatile, faulty } = wrapped();
    const held = faulty.inject({ fault: { kind: 'delay' }, operation: 'mkdir', times: 2 });
    const both = Promise.all([faulty.mkdir('/a', 0o700), faulty.mkdir('/b', 0o700)]);
    await held.reached;
    await expect(volatile.stat('/a')).rejects.toMatchObject({ kind: 'missing' });
    held.release();
    await both;
    await volatile.stat('/a');
    await volatile.stat('/b');
  });

  test('stop lets nothing through any more, clean-up included', async () => {
    const { volatile, faulty } = wrapped();
    const file = await faulty.open('/1', 'create');
    faulty.inject({ fault: { kind: 'stop' }, operation: 'sync' });
    await expect(faulty.sync(file)).rejects.toMatchObject({ name: 'ProcessStopped' });
    await expect(faulty.close(file)).rejects.toMatchObject({ name: 'ProcessStopped' });
    await expect(faulty.unlink('/1')).rejects.toMatchObject({ name: 'ProcessStopped' });
    expect(texts(volatile)).toEqual({ '/1': '' });
  });

  test('stop within a write leaves a part of it', async () => {
    const { volatile, faulty } = wrapped();
    const file = await faulty.open('/1', 'create');
    faulty.inject({ fault: { kind: 'stop', bytes: 3 } });
    await expect(faulty.write(file, bytes('content'))).rejects.toMatchObject({
      name: 'ProcessStopped',
    });
    expect(texts(volatile)).toEqual({ '/1': 'con' });
  });

  test('a close that fails lets go of the descriptor in the base', async () => {
    const { volatile, faulty } = wrapped();
    const file = await faulty.open('/1', 'create');
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'close' });
    await expect(faulty.close(file)).rejects.toThrow('EIO');
    await expect(volatile.write(file, bytes('x'))).rejects.toThrow('EBADF');
  });
});

describe('the forgetful file system', () => {
  test('forgets content that was not synced, and names whose directory was not', async () => {
    const { volatile } = newTrial();
    const file = await volatile.open('/1', 'create');
    await volatile.write(file, bytes('synced'));
    await volatile.sync(file);
    await volatile.write(file, bytes(' and not'));
    volatile.cutPower('kept');
    expect(texts(volatile)).toEqual({ '/1': 'synced' });
    await volatile.rename('/1', '/2');
    volatile.cutPower('lost');
    expect(texts(volatile)).toEqual({ '/1': 'synced' });
    await volatile.rename('/1', '/2');
    await volatile.syncDirectory('/');
    volatile.cutPower('lost');
    expect(texts(volatile)).toEqual({ '/2': 'synced' });
  });

  test('keeps a name without its content: an empty file', async () => {
    const { volatile } = newTrial();
    await volatile.write(await volatile.open('/1', 'create'), bytes('content'));
    await volatile.syncDirectory('/');
    volatile.cutPower('lost');
    expect(texts(volatile)).toEqual({ '/1': '' });
  });

  test('knows no file that was open before', async () => {
    const { volatile } = newTrial();
    const file = await volatile.open('/1', 'create');
    volatile.cutPower('kept');
    await expect(volatile.sync(file)).rejects.toThrow('EBADF');
  });
});
