import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createFile, readFile, readRange } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { bytes, callLines, newTrial, text } from './sweep.ts';

async function collect(disk: Disk, start: number, sizeBytes: number): Promise<Buffer> {
  const pieces = [];
  for await (const piece of readRange(disk, '/1', start, sizeBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('readFile', () => {
  test('reads it whole up to the limit, and no further', async () => {
    const { disk } = newTrial();
    const content = 'x'.repeat(100_000);
    await createFile(disk, '/1', bytes(content));
    expect(text(await readFile(disk, '/1', 100_000))).toBe(content);
    await expect(readFile(disk, '/1', 99_999)).rejects.toThrow(RangeError);
  });

  test('a missing file is missing', async () => {
    await expect(readFile(newTrial().disk, '/1', 10)).rejects.toMatchObject({ kind: 'missing' });
  });
});

describe('readRange', () => {
  test('reads any stretch of a file', async () => {
    const { disk } = newTrial();
    const content = Buffer.from(Array.from({ length: 150_000 }, (_, index) => index % 251));
    await createFile(disk, '/1', content);
    const inside = fc.nat({ max: 150_000 });
    await fc.assert(
      fc.asyncProperty(inside, inside, async (one, other) => {
        const [start, end] = one < other ? [one, other] : [other, one];
        const read = await collect(disk, start, end - start);
        expect(Buffer.compare(read, content.subarray(start, end))).toBe(0);
      }),
    );
  });

  test('a file that was cut short is damaged', async () => {
    const { disk } = newTrial();
    await createFile(disk, '/1', bytes('short'));
    await expect(collect(disk, 2, 10)).rejects.toMatchObject({
      kind: 'damaged',
      message: 'read /1: ends at byte 5, not at 12',
    });
  });

  test.each(['to the end', 'to a break', 'to a failure'])(
    'closes the file, read %s',
    async (how) => {
      const { disk, faulty } = newTrial();
      await createFile(disk, '/1', bytes('x'.repeat(200_000)));
      if (how === 'to a failure') {
        faulty.inject({ fault: { kind: 'fail', code: 'EIO' }, operation: 'read', at: 2 });
      }
      const read = async (): Promise<void> => {
        for await (const _ of readRange(disk, '/1', 0, 200_000)) if (how === 'to a break') break;
      };
      if (how === 'to a failure')
        await expect(read()).rejects.toMatchObject({ kind: 'unavailable' });
      else await read();
      expect(callLines(faulty).at(-1)).toBe('close /1');
    },
  );
});
