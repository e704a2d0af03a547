import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { openDurableWriter, publishFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { bytes, callLines, newTrial, sweep, texts } from './sweep.ts';

const BIG = 'x'.repeat(70_000);

async function writeThree(disk: Disk): Promise<void> {
  const writer = await openDurableWriter(disk, '/1');
  for (const piece of ['one ', BIG, ' three']) await writer.write(bytes(piece));
  await writer.finish();
}

describe('write', () => {
  test('keeps bytes and order whatever the pieces, awaited or not', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (all, awaited) => {
        const { disk, volatile } = newTrial();
        const writer = await openDurableWriter(disk, '/1');
        const writes = [];
        for (const piece of all) {
          const done = writer.write(piece);
          if (awaited) await done;
          writes.push(done);
        }
        await writer.finish();
        await Promise.all(writes);
        volatile.cutPower('kept');
        const expected = Buffer.concat(all);
        expect(Buffer.compare(volatile.files().get('/1') ?? Buffer.of(0), expected)).toBe(0);
        expect(writer.sizeBytes).toBe(expected.byteLength);
      }),
      { numRuns: 50 },
    );
  });

  test('gathers small pieces into few writes', async () => {
    const { disk, faulty, volatile } = newTrial();
    const writer = await openDurableWriter(disk, '/1');
    for (let index = 0; index < 1000; index += 1) await writer.write(bytes('0123456789'));
    await writer.finish();
    expect(callLines(faulty)).toEqual(['open /1', 'write /1', 'sync /1', 'close /1']);
    expect(volatile.files().get('/1')).toHaveLength(10_000);
  });

  test('holds the caller back while the disk is busy', async () => {
    const { disk, faulty } = newTrial();
    const held = faulty.inject({ fault: { kind: 'delay' }, operation: 'write' });
    const writer = await openDurableWriter(disk, '/1');
    let resolved = false;
    const write = writer.write(bytes(BIG)).then(() => {
      resolved = true;
    });
    await held.reached;
    expect(resolved).toBe(false);
    held.release();
    await write;
  });

  test('lets the caller use the memory of a piece again', async () => {
    const { disk, volatile } = newTrial();
    const writer = await openDurableWriter(disk, '/1');
    const piece = bytes('kept');
    await writer.write(piece);
    piece.fill(0);
    await writer.finish();
    expect(texts(volatile)).toEqual({ '/1': 'kept' });
  });

  test('after the end is an error that does not touch the file', async () => {
    const { disk, volatile } = newTrial();
    const writer = await openDurableWriter(disk, '/1');
    await writer.finish();
    await expect(writer.write(bytes('late'))).rejects.toThrow('written after its end');
    expect(texts(volatile)).toEqual({ '/1': '' });
  });
});

describe('finish', () => {
  test('syncs before it closes, once, however often it is called', async () => {
    const { disk, faulty } = newTrial();
    const writer = await openDurableWriter(disk, '/1');
    await writer.write(bytes('content'));
    await Promise.all([writer.finish(), writer.finish()]);
    await writer.finish();
    expect(callLines(faulty)).toEqual(['open /1', 'write /1', 'sync /1', 'close /1']);
  });
});

describe('failure', () => {
  test.each(['EIO', 'ENOSPC'])('at any call removes the file (%s)', async (code) => {
    const count = await sweep(
      { kind: 'fail', code },
      {
        act: writeThree,
        check({ volatile }, error) {
          expect(error).toMatchObject({ kind: code === 'EIO' ? 'unavailable' : 'full' });
          expect(texts(volatile)).toEqual({});
        },
      },
    );
    expect(count).toBe(6); // open, three writes, sync, close
  });

  test('is final: every later call rejects with it and the file is not synced', async () => {
    const { disk, faulty, volatile } = newTrial();
    faulty.inject({ fault: { kind: 'tear', bytes: 9, code: 'ENOSPC' } });
    const writer = await openDurableWriter(disk, '/1');
    const results = await Promise.allSettled([
      writer.write(bytes(BIG)),
      writer.write(bytes('more')),
      writer.finish(),
    ]);
    const [first] = results;
    expect(first).toMatchObject({ status: 'rejected', reason: { kind: 'full' } });
    expect(results).toEqual([first, first, first]);
    expect(callLines(faulty)).toEqual(['open /1', 'write /1', 'close /1', 'unlink /1']);
    expect(texts(volatile)).toEqual({});
  });

  test('of close does not close a descriptor twice', async () => {
    const { disk, faulty } = newTrial();
    faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'close' });
    const writer = await openDurableWriter(disk, '/1');
    await expect(writer.finish()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(callLines(faulty)).toEqual(['open /1', 'sync /1', 'close /1', 'unlink /1']);
  });

  test('to open is told at once, and a file of that name is left alone', async () => {
    const { disk, volatile } = newTrial();
    await writeThree(disk);
    const before = texts(volatile);
    await expect(openDurableWriter(disk, '/1')).rejects.toMatchObject({ kind: 'exists' });
    expect(texts(volatile)).toEqual(before);
  });
});

describe('discard', () => {
  test.each(['at once', 'after a write', 'after finish', 'after a failure'])(
    'leaves nothing %s, however often it is called',
    async (when) => {
      const { disk, faulty, volatile } = newTrial();
      const writer = await openDurableWriter(disk, '/1');
      if (when !== 'at once') await writer.write(bytes('content'));
      if (when === 'after a failure') {
        faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'sync' });
        await expect(writer.finish()).rejects.toThrow('EIO');
      }
      if (when === 'after finish') await writer.finish();
      await Promise.all([writer.discard(), writer.discard()]);
      await writer.discard();
      expect(texts(volatile)).toEqual({});
    },
  );

  test('waits for a write under way, and refuses those after it', async () => {
    const { disk, faulty, volatile } = newTrial();
    const held = faulty.inject({ fault: { kind: 'delay' }, operation: 'write' });
    const writer = await openDurableWriter(disk, '/1');
    const write = writer.write(bytes(BIG));
    await held.reached;
    const discard = writer.discard();
    const late = expect(writer.write(bytes('late'))).rejects.toThrow('discarded');
    held.release();
    await Promise.all([write, discard, late]);
    expect(texts(volatile)).toEqual({});
  });

  test('has no effect on a file that was published', async () => {
    const { disk, volatile } = newTrial();
    const writer = await openDurableWriter(disk, '/1');
    await writer.write(bytes('content'));
    await writer.finish();
    await publishFile(disk, writer.path, '/2');
    await writer.discard();
    expect(texts(volatile)).toEqual({ '/2': 'content' });
  });

  test('does not throw on a disk that lets nothing be removed', async () => {
    const { disk, faulty } = newTrial();
    const writer = await openDurableWriter(disk, '/1');
    faulty.inject({ fault: { kind: 'fail', code: 'EROFS' }, times: Infinity });
    await expect(writer.discard()).resolves.toBeUndefined();
  });
});
